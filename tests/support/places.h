// tests/support/places.h: where the things stand that tests load, read and leave, as the build knows them. One file of a
// program is compiled with these paths; the others are the same in every folder, and a compiler's cache knows them.
#pragma once

namespace perlite::test {

struct Places {
  const char* subject;  // Perlite's shared library
  const char* stock;    // the distribution's
  const char* source;   // the root of the project
  const char* scratch;  // a folder for files
  const char* actor;    // the program of tests/crash/actor.cc
};
extern const Places places;

}  // namespace perlite::test

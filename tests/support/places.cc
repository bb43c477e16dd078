#include "tests/support/places.h"

namespace perlite::test {

const Places places{PLACE_SUBJECT, PLACE_STOCK, PLACE_SOURCE, PLACE_SCRATCH, PLACE_ACTOR};

}  // namespace perlite::test

# What is built from the layers: the libraries, the drop-in, the programs, and what `cmake --install` puts where.
# Included by the top CMakeLists.txt.

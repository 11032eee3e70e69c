#include "jobs/commands/program.h"

int main(int argc, char** argv) {
  return static_cast<int>(leafcast::jobs::run_program(leafcast::jobs::Arguments(argv, argv + argc)));
}

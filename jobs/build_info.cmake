# Writes build_info.h; touches it only if something changed.
cmake_minimum_required(VERSION 3.20)
execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=12
  OUTPUT_VARIABLE git OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed)
  set(git "unknown")
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "#pragma once
#define LEAFCAST_VERSION \"@VERSION@\"
#define LEAFCAST_GIT \"@git@\"
#define LEAFCAST_COMPILER \"@COMPILER@\"
#define LEAFCAST_BUILD_TYPE \"@BUILD_TYPE@\"
" @ONLY)

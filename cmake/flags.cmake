# Asserts stay in the release: a broken promise ends a worker, not the data.
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
# Warnings, hardening (S47), sanitizers. No flag is for one processor only.
set(TENON_WARNINGS -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes
    -Wmissing-prototypes -Wpointer-arith -Wvla -Wformat=2)
add_compile_options(-fvisibility=hidden -fstack-protector-strong
    -fno-omit-frame-pointer -fstack-clash-protection)
add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  add_compile_options(-fcf-protection=full)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  add_compile_options(-mbranch-protection=standard)
endif()
set(TENON_LINK_PROGRAM -pie)
if(TENON_FUZZ)
  # AFL++'s compiler brings its own instrumentation.
  if(NOT CMAKE_C_COMPILER MATCHES "afl-")
    add_compile_options(-fsanitize=fuzzer-no-link)
  endif()
  add_compile_options(-fsanitize=address,undefined
      -fno-sanitize-recover=undefined -O1 -DTENON_FUZZ=1)
  add_link_options(-fsanitize=address,undefined)
elseif(TENON_SANITIZE)
  add_compile_options(-fsanitize=address,undefined
      -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=address,undefined)
elseif(TENON_SANITIZE_THREADS)
  add_compile_options(-fsanitize=thread)
  add_link_options(-fsanitize=thread)
elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_compile_options(-D_FORTIFY_SOURCE=2)
endif()

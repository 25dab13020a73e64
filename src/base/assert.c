/*
 * What a failed assert does unless the program says otherwise: it traps, so
 * that a debugger or a core file shows the place.
 */
#include "base/types.h"

__attribute__((weak)) _Noreturn void rill_assert_failed(const char *what, const char *file, int line)
{
    (void)what;
    (void)file;
    (void)line;
    __builtin_trap();
}

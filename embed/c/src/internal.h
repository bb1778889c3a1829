/* What the source files share. `utf8.c` knows no other one, `merge_sync.c` that one, `decisions.c` both. */
#ifndef MERGE_SYNC_INTERNAL_H
#define MERGE_SYNC_INTERNAL_H

#include "merge_sync.h"

/* Leave a sentence and return `code`. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
merge_sync_code
merge_sync_fail(merge_sync_error *error, merge_sync_code code, const char *format, ...);

/* As merge_sync_call, for texts that are known to be UTF-8: the runtime ends the process where
 * they are not. */
merge_sync_code merge_sync_call_valid(merge_sync *instance, merge_sync_text operation,
                                      merge_sync_text input, merge_sync_text *answer,
                                      merge_sync_error *error);

/* Whether the bytes are UTF-8. `false` as well where memory is used up. */
bool merge_sync_is_utf8(const char *bytes, size_t length);

#endif

/* What the tests and the driver share. */
#ifndef SUPPORT_H
#define SUPPORT_H

#include <stddef.h>

#include <yyjson.h>

#include "merge_sync.h"

/* The whole file, or the end of the program. One zero stands after its end. */
char *read_whole(const char *path, size_t *length);

/* The file as JSON, or the end of the program. */
yyjson_doc *read_json(const char *path);

/* Called with each vector that fails. */
typedef void (*on_failure)(void *context, const char *id);

/* Run every vector of every file in `folder`. Returns how many passed. */
size_t run_vectors(merge_sync *instance, const char *folder, on_failure failed, void *context);

/* The timed webhook: the delivery in `embed/bench-input.json`. */
typedef struct timed {
  yyjson_doc *document;
  const char *signatures[1];
  const char *keys[1];
  merge_sync_delivery delivery;
} timed;

void timed_read(timed *input, const char *path);

#endif

/* Which bytes are a text. */
#include "internal.h"

#include <stdlib.h>

#include <yyjson.h>

bool merge_sync_is_utf8(const char *bytes, size_t length) {
  if (length == 0) return true;
  /* yyjson writes no other text. */
  yyjson_mut_doc *document = yyjson_mut_doc_new(NULL);
  if (document == NULL) return false;
  yyjson_mut_val *text = yyjson_mut_strn(document, bytes, length);
  size_t written = 0;
  char *json = yyjson_mut_val_write(text, YYJSON_WRITE_NOFLAG, &written);
  yyjson_mut_doc_free(document);
  free(json);
  return json != NULL;
}

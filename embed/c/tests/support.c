/* Files, vectors and the timed webhook, for the tests and the driver. */
#define _POSIX_C_SOURCE 200809L
#include "support.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void give_up(const char *path, const char *what) {
  fprintf(stderr, "error: %s: %s\n", path, what);
  exit(2);
}

char *read_whole(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  if (file == NULL || fseek(file, 0, SEEK_END) != 0) give_up(path, "cannot be read");
  long end = ftell(file);
  if (end < 0) give_up(path, "cannot be read");
  rewind(file);
  char *bytes = malloc((size_t)end + 1);
  if (bytes == NULL || fread(bytes, 1, (size_t)end, file) != (size_t)end) {
    give_up(path, "cannot be read");
  }
  fclose(file);
  bytes[end] = '\0';
  *length = (size_t)end;
  return bytes;
}

yyjson_doc *read_json(const char *path) {
  size_t length;
  char *text = read_whole(path, &length);
  yyjson_doc *document = yyjson_read(text, length, YYJSON_READ_NOFLAG);
  free(text);
  if (document == NULL) give_up(path, "is no JSON");
  return document;
}

/* The output that a vector wants where the input is refused: an object of `error` alone. */
static const char *wanted_error(yyjson_val *output) {
  return yyjson_obj_size(output) == 1 ? yyjson_get_str(yyjson_obj_get(output, "error")) : NULL;
}

static bool passes(merge_sync *instance, yyjson_val *vector) {
  yyjson_val *output = yyjson_obj_get(vector, "output");
  size_t length;
  char *input = yyjson_val_write(yyjson_obj_get(vector, "input"), YYJSON_WRITE_NOFLAG, &length);
  if (input == NULL) return false;
  merge_sync_text answer;
  merge_sync_code code =
      merge_sync_call(instance, yyjson_get_str(yyjson_obj_get(vector, "operation")), input, length,
                      &answer, NULL);
  bool same = false;
  const char *error = wanted_error(output);
  if (code == MERGE_SYNC_REFUSED) {
    same = error != NULL && strcmp(answer.data, error) == 0;
  } else if (code == MERGE_SYNC_OK && error == NULL) {
    yyjson_doc *document = yyjson_read(answer.data, answer.length, YYJSON_READ_NOFLAG);
    /* Whatever the order of keys. */
    same = yyjson_equals(yyjson_doc_get_root(document), output);
    yyjson_doc_free(document);
  }
  merge_sync_text_free(&answer);
  free(input);
  return same;
}

static int is_json(const struct dirent *entry) {
  size_t length = strlen(entry->d_name);
  return length > 5 && strcmp(entry->d_name + length - 5, ".json") == 0;
}

size_t run_vectors(merge_sync *instance, const char *folder, on_failure failed, void *context) {
  struct dirent **files;
  int count = scandir(folder, &files, is_json, alphasort);
  if (count <= 0) give_up(folder, "holds no vectors");
  size_t passed = 0;
  for (int file = 0; file < count; file++) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, files[file]->d_name);
    free(files[file]);
    yyjson_doc *document = read_json(path);
    size_t index, vectors;
    yyjson_val *vector;
    yyjson_arr_foreach(yyjson_doc_get_root(document), index, vectors, vector) {
      if (passes(instance, vector)) passed++;
      else failed(context, yyjson_get_str(yyjson_obj_get(vector, "id")));
    }
    yyjson_doc_free(document);
  }
  free(files);
  return passed;
}

void timed_read(timed *input, const char *path) {
  input->document = read_json(path);
  yyjson_val *of = yyjson_obj_get(yyjson_doc_get_root(input->document), "input");
  yyjson_val *body = yyjson_obj_get(of, "body");
  input->signatures[0] = yyjson_get_str(yyjson_arr_get(yyjson_obj_get(of, "signatures"), 0));
  input->keys[0] = yyjson_get_str(yyjson_arr_get(yyjson_obj_get(of, "keys"), 0));
  if (body == NULL || input->signatures[0] == NULL || input->keys[0] == NULL) {
    give_up(path, "holds no delivery");
  }
  input->delivery = (merge_sync_delivery){yyjson_get_str(body), yyjson_get_len(body),
                                          input->signatures,    1,
                                          input->keys,          1};
}

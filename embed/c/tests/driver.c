/* What `cargo xtask hosts` calls: `vectors DIR`, `replay FILE [--out FILE]` and
 * `bench FILE [--calls N] [--memory-calls N]`, each printing one JSON object. The component is
 * named by MERGE_SYNC_COMPONENT. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <wasmtime.h>

#include "support.h"

/* An odd number, so that one of them is the median. */
#define BATCHES 9

static merge_sync_component *component;
static merge_sync *instance;

static _Noreturn void give_up(const char *what) {
  fprintf(stderr, "error: %s\n", what);
  exit(2);
}

static void open_component(void) {
  const char *path = getenv("MERGE_SYNC_COMPONENT");
  if (path == NULL) give_up("MERGE_SYNC_COMPONENT: not set, expected merge-sync-text.wasm");
  merge_sync_error error;
  if (merge_sync_component_open(path, &component, &error) != MERGE_SYNC_OK ||
      merge_sync_open(component, &instance, &error) != MERGE_SYNC_OK) {
    give_up(error.message);
  }
}

/* The value of an option, or `otherwise`. */
static const char *option(int count, char **arguments, const char *name, const char *otherwise) {
  for (int index = 3; index + 1 < count; index++) {
    if (strcmp(arguments[index], name) == 0) return arguments[index + 1];
  }
  return otherwise;
}

/* Print the object and free it. */
static void print(yyjson_mut_doc *document) {
  char *text = yyjson_mut_write(document, YYJSON_WRITE_NOFLAG, NULL);
  if (text == NULL) give_up("no memory");
  puts(text);
  free(text);
  yyjson_mut_doc_free(document);
}

static yyjson_mut_doc *object(yyjson_mut_val **root) {
  yyjson_mut_doc *document = yyjson_mut_doc_new(NULL);
  *root = yyjson_mut_obj(document);
  yyjson_mut_doc_set_root(document, *root);
  return document;
}

typedef struct failures {
  yyjson_mut_doc *document;
  yyjson_mut_val *list;
} failures;

static void add_failure(void *context, const char *id) {
  failures *to = context;
  yyjson_mut_arr_add_strcpy(to->document, to->list, id);
}

static int vectors(const char *folder) {
  open_component();
  yyjson_mut_val *root;
  yyjson_mut_doc *document = object(&root);
  failures to = {document, yyjson_mut_arr(document)};
  size_t passed = run_vectors(instance, folder, add_failure, &to);
  size_t failed = yyjson_mut_arr_size(to.list);
  yyjson_mut_obj_add_str(document, root, "runtime",
                         "wasmtime " WASMTIME_VERSION ", C11 by "
#if defined(__clang__)
                         "clang " __clang_version__
#else
                         "gcc " __VERSION__
#endif
  );
  yyjson_mut_obj_add_uint(document, root, "passed", passed);
  yyjson_mut_obj_add_uint(document, root, "failed", failed);
  yyjson_mut_obj_add_val(document, root, "failures", to.list);
  print(document);
  return failed > 0;
}

/* The line that an answer is in the digest. */
static void replay_line(const char *line, size_t length, EVP_MD_CTX *digest, FILE *out) {
  yyjson_doc *document = yyjson_read(line, length, YYJSON_READ_NOFLAG);
  yyjson_val *root = yyjson_doc_get_root(document);
  yyjson_val *operation = yyjson_obj_get(root, "operation");
  yyjson_val *input = yyjson_obj_get(root, "input");
  if (!yyjson_is_str(operation) || !yyjson_is_str(input)) give_up("replay: a line is no question");
  merge_sync_text answer;
  merge_sync_error error;
  merge_sync_code code = merge_sync_call(instance, yyjson_get_str(operation),
                                         yyjson_get_str(input), yyjson_get_len(input), &answer,
                                         &error);
  if (code != MERGE_SYNC_OK && code != MERGE_SYNC_REFUSED) give_up(error.message);
  const char *tag = code == MERGE_SYNC_OK ? "ok\t" : "error\t";
  EVP_DigestUpdate(digest, tag, strlen(tag));
  EVP_DigestUpdate(digest, answer.data, answer.length);
  EVP_DigestUpdate(digest, "\n", 1);
  if (out != NULL) {
    fputs(tag, out);
    fwrite(answer.data, 1, answer.length, out);
    fputc('\n', out);
  }
  merge_sync_text_free(&answer);
  yyjson_doc_free(document);
}

static int replay(const char *path, const char *copy) {
  open_component();
  FILE *file = fopen(path, "rb");
  FILE *out = copy == NULL ? NULL : fopen(copy, "wb");
  EVP_MD_CTX *digest = EVP_MD_CTX_new();
  if (file == NULL || (copy != NULL && out == NULL)) give_up("replay: a file cannot be opened");
  if (digest == NULL || EVP_DigestInit_ex(digest, EVP_sha256(), NULL) != 1) {
    give_up("replay: no SHA-256");
  }
  char *line = NULL;
  size_t room = 0;
  uint64_t lines = 0;
  for (ssize_t length; (length = getline(&line, &room, file)) > 0; lines++) {
    replay_line(line, (size_t)length, digest, out);
  }
  free(line);
  fclose(file);
  if (out != NULL && fclose(out) != 0) give_up("replay: the answers cannot be written");
  unsigned char sum[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_DigestFinal_ex(digest, sum, &size);
  EVP_MD_CTX_free(digest);
  char text[2 * EVP_MAX_MD_SIZE + 1] = "";
  for (unsigned index = 0; index < size; index++) {
    snprintf(text + 2 * index, 3, "%02x", sum[index]);
  }
  yyjson_mut_val *root;
  yyjson_mut_doc *document = object(&root);
  yyjson_mut_obj_add_uint(document, root, "lines", lines);
  yyjson_mut_obj_add_strcpy(document, root, "sha256", text);
  print(document);
  return 0;
}

static double microseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* The memory of this process that is in use, in bytes; Linux alone says it. */
static uint64_t resident(void) {
  FILE *file = fopen("/proc/self/statm", "r");
  unsigned long long pages = 0;
  if (file == NULL || fscanf(file, "%*u %llu", &pages) != 1) pages = 0;
  if (file != NULL) fclose(file);
  return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void handle(const timed *input) {
  merge_sync_handling handling;
  merge_sync_error error;
  if (merge_sync_webhook_handle(instance, &input->delivery, &handling, &error) != MERGE_SYNC_OK) {
    give_up(error.message);
  }
  if (handling.status != 200 || handling.outcome != MERGE_SYNC_ACCEPTED) {
    give_up("bench: the webhook was not accepted");
  }
  merge_sync_handling_free(&handling);
}

static void call_text(const char *input, size_t length) {
  merge_sync_text answer;
  merge_sync_error error;
  if (merge_sync_call(instance, "webhook.handle", input, length, &answer, &error) != MERGE_SYNC_OK) {
    give_up(error.message);
  }
  merge_sync_text_free(&answer);
}

static int compare(const void *left, const void *right) {
  double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

/* Microseconds a call, the median of the batches; `text` NULL times the typed function. */
static double median(const timed *input, const char *text, size_t length, uint64_t calls) {
  double times[BATCHES];
  for (int batch = 0; batch < BATCHES; batch++) {
    double started = microseconds();
    for (uint64_t call = 0; call < calls; call++) {
      if (text == NULL) handle(input);
      else call_text(text, length);
    }
    times[batch] = (microseconds() - started) / (double)calls;
  }
  qsort(times, BATCHES, sizeof *times, compare);
  return times[BATCHES / 2];
}

static int bench(const char *path, uint64_t calls, uint64_t memory_calls) {
  timed input;
  timed_read(&input, path);
  double started = microseconds();
  open_component();
  handle(&input);
  double first = (microseconds() - started) / 1e3;

  size_t length;
  char *text = yyjson_val_write(yyjson_obj_get(yyjson_doc_get_root(input.document), "input"),
                                YYJSON_WRITE_NOFLAG, &length);
  if (text == NULL || calls == 0) give_up("bench: nothing to call");
  for (int call = 0; call < 10000; call++) handle(&input);
  double typed = median(&input, NULL, 0, calls);
  double plain = median(&input, text, length, calls);
  uint64_t before = resident();
  for (uint64_t call = 0; call < memory_calls; call++) handle(&input);
  uint64_t after = resident();
  free(text);
  yyjson_doc_free(input.document);

  yyjson_mut_val *root;
  yyjson_mut_doc *document = object(&root);
  yyjson_mut_obj_add_real(document, root, "webhook_handle_us", typed);
  yyjson_mut_obj_add_real(document, root, "text_call_us", plain);
  yyjson_mut_obj_add_real(document, root, "first_use_ms", first);
  yyjson_mut_obj_add_uint(document, root, "memory_calls", memory_calls);
  yyjson_mut_obj_add_uint(document, root, "resident_before", before);
  yyjson_mut_obj_add_uint(document, root, "resident_after", after);
  print(document);
  return 0;
}

int main(int count, char **arguments) {
  const char *task = count > 2 ? arguments[1] : "";
  int status = 2;
  if (strcmp(task, "vectors") == 0) {
    status = vectors(arguments[2]);
  } else if (strcmp(task, "replay") == 0) {
    status = replay(arguments[2], option(count, arguments, "--out", NULL));
  } else if (strcmp(task, "bench") == 0) {
    status = bench(arguments[2],
                   strtoull(option(count, arguments, "--calls", "2000"), NULL, 10),
                   strtoull(option(count, arguments, "--memory-calls", "100000"), NULL, 10));
  } else {
    fprintf(stderr, "usage: driver vectors DIR | replay FILE [--out FILE] | "
                    "bench FILE [--calls N] [--memory-calls N]\n");
  }
  merge_sync_close(instance);
  merge_sync_component_close(component);
  return status;
}

/* The component behind its one function of text, over wasmtime's C API. Knows no JSON but the
 * version. */
#include "internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wasmtime.h>
#include <wasmtime/component.h>

#define JSON_INTERFACE "merge-sync:triggers/json@0.1.0"

/* A file larger than this is no component of ours, and is not read. */
#define LARGEST_COMPONENT ((size_t)64 << 20)

struct merge_sync_component {
  wasm_engine_t *engine;
  wasmtime_component_t *component;
};

struct merge_sync {
  /* References of its own: the component may be closed before. */
  wasm_engine_t *engine;
  wasmtime_component_t *component;
  /* NULL between a trap and the next call. */
  wasmtime_store_t *store;
  wasmtime_component_func_t call;
  atomic_flag busy;
};

merge_sync_code merge_sync_fail(merge_sync_error *error, merge_sync_code code,
                                const char *format, ...) {
  if (error != NULL) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    if (length >= (int)sizeof error->message) {
      /* Cut before a character, not inside one. */
      size_t end = sizeof error->message - 1;
      while (end > 0 && ((unsigned char)error->message[end - 1] & 0xC0) == 0x80) end--;
      if (end > 0 && ((unsigned char)error->message[end - 1] & 0x80) != 0) end--;
      error->message[end] = '\0';
    }
  }
  return code;
}

/* Takes the runtime's error. */
static merge_sync_code fail_with(merge_sync_error *error, merge_sync_code code, const char *what,
                                 wasmtime_error_t *cause) {
  wasm_name_t message;
  wasmtime_error_message(cause, &message);
  wasmtime_error_delete(cause);
  /* One line: the first says what, those after it where in the module. */
  size_t length = 0;
  while (length < message.size && message.data[length] != '\n') length++;
  merge_sync_fail(error, code, "%s: %.*s", what, (int)length, message.data);
  wasm_byte_vec_delete(&message);
  return code;
}

const char *merge_sync_code_name(merge_sync_code code) {
  switch (code) {
  case MERGE_SYNC_OK: return "ok";
  case MERGE_SYNC_REFUSED: return "refused";
  case MERGE_SYNC_BAD_ARGUMENT: return "bad-argument";
  case MERGE_SYNC_NOT_UTF8: return "not-utf8";
  case MERGE_SYNC_BUSY: return "busy";
  case MERGE_SYNC_NO_FILE: return "no-file";
  case MERGE_SYNC_BAD_COMPONENT: return "bad-component";
  case MERGE_SYNC_WRONG_VERSION: return "wrong-version";
  case MERGE_SYNC_TRAPPED: return "trapped";
  case MERGE_SYNC_NO_MEMORY: return "no-memory";
  }
  return "unknown";
}

/* A store with an instance in it. */
static merge_sync_code instantiate(merge_sync *instance, merge_sync_error *error) {
  static const char function[] = "call";
  wasmtime_component_linker_t *linker = wasmtime_component_linker_new(instance->engine);
  wasmtime_store_t *store = wasmtime_store_new(instance->engine, NULL, NULL);
  wasmtime_context_t *context = wasmtime_store_context(store);
  wasmtime_component_instance_t made;
  wasmtime_error_t *cause =
      wasmtime_component_linker_instantiate(linker, context, instance->component, &made);
  wasmtime_component_linker_delete(linker);
  if (cause != NULL) {
    wasmtime_store_delete(store);
    return fail_with(error, MERGE_SYNC_BAD_COMPONENT, "component: cannot be instantiated", cause);
  }

  bool found = false;
  wasmtime_component_export_index_t *interface = wasmtime_component_instance_get_export_index(
      &made, context, NULL, JSON_INTERFACE, strlen(JSON_INTERFACE));
  if (interface != NULL) {
    wasmtime_component_export_index_t *index = wasmtime_component_instance_get_export_index(
        &made, context, interface, function, strlen(function));
    if (index != NULL) {
      found = wasmtime_component_instance_get_func(&made, context, index, &instance->call);
      wasmtime_component_export_index_delete(index);
    }
    wasmtime_component_export_index_delete(interface);
  }
  if (!found) {
    wasmtime_store_delete(store);
    return merge_sync_fail(error, MERGE_SYNC_BAD_COMPONENT,
                           "component: has no function `call` in `%s`, expected "
                           "merge-sync-text.wasm",
                           JSON_INTERFACE);
  }
  instance->store = store;
  return MERGE_SYNC_OK;
}

/* The text of the component's answer, copied: the runtime's own has no zero at its end. */
static merge_sync_code take_answer(const wasmtime_component_val_t *result, merge_sync_text *answer,
                                   merge_sync_error *error) {
  const wasmtime_component_val_t *value =
      result->kind == WASMTIME_COMPONENT_RESULT ? result->of.result.val : NULL;
  if (value == NULL || value->kind != WASMTIME_COMPONENT_STRING) {
    return merge_sync_fail(error, MERGE_SYNC_BAD_COMPONENT,
                           "component: `call` gave no result of texts");
  }
  size_t length = value->of.string.size;
  char *copy = malloc(length + 1);
  if (copy == NULL) {
    return merge_sync_fail(error, MERGE_SYNC_NO_MEMORY, "answer: no memory for %zu bytes", length);
  }
  if (length > 0) memcpy(copy, value->of.string.data, length);
  copy[length] = '\0';
  answer->data = copy;
  answer->length = length;
  if (result->of.result.is_ok) return MERGE_SYNC_OK;
  return merge_sync_fail(error, MERGE_SYNC_REFUSED, "%s", copy);
}

/* One call by whoever holds `busy`. */
static merge_sync_code invoke(merge_sync *instance, merge_sync_text operation,
                              merge_sync_text input, merge_sync_text *answer,
                              merge_sync_error *error) {
  if (instance->store == NULL) {
    merge_sync_code code = instantiate(instance, error);
    if (code != MERGE_SYNC_OK) return code;
  }
  /* The runtime copies both and changes neither, though it does not say `const`. */
  wasmtime_component_val_t arguments[2];
  arguments[0].kind = WASMTIME_COMPONENT_STRING;
  arguments[0].of.string.data = (char *)(uintptr_t)operation.data;
  arguments[0].of.string.size = operation.length;
  arguments[1].kind = WASMTIME_COMPONENT_STRING;
  arguments[1].of.string.data = (char *)(uintptr_t)input.data;
  arguments[1].of.string.size = input.length;
  /* The runtime frees what stands here before it writes: it must be a value. */
  wasmtime_component_val_t result;
  result.kind = WASMTIME_COMPONENT_BOOL;
  result.of.boolean = false;
  wasmtime_error_t *cause =
      wasmtime_component_func_call(&instance->call, wasmtime_store_context(instance->store),
                                   arguments, 2, &result, 1);
  if (cause != NULL) {
    /* An instance that trapped cannot be entered again. */
    wasmtime_store_delete(instance->store);
    instance->store = NULL;
    return fail_with(error, MERGE_SYNC_TRAPPED, "component: broke down", cause);
  }
  merge_sync_code code = take_answer(&result, answer, error);
  wasmtime_component_val_delete(&result);
  return code;
}

merge_sync_code merge_sync_call_valid(merge_sync *instance, merge_sync_text operation,
                                      merge_sync_text input, merge_sync_text *answer,
                                      merge_sync_error *error) {
  if (atomic_flag_test_and_set_explicit(&instance->busy, memory_order_acquire)) {
    return merge_sync_fail(error, MERGE_SYNC_BUSY,
                           "instance: another thread is in a call, expected one instance a thread");
  }
  merge_sync_code code = invoke(instance, operation, input, answer, error);
  atomic_flag_clear_explicit(&instance->busy, memory_order_release);
  return code;
}

merge_sync_code merge_sync_call(merge_sync *instance, const char *operation, const char *input,
                                size_t input_length, merge_sync_text *answer,
                                merge_sync_error *error) {
  if (answer != NULL) *answer = (merge_sync_text){NULL, 0};
  if (instance == NULL || operation == NULL || answer == NULL ||
      (input == NULL && input_length > 0)) {
    return merge_sync_fail(error, MERGE_SYNC_BAD_ARGUMENT,
                           "call: expected an instance, an operation, an input and an answer, "
                           "found NULL");
  }
  if (input_length > MERGE_SYNC_LARGEST_INPUT) {
    return merge_sync_fail(error, MERGE_SYNC_BAD_ARGUMENT,
                           "input: found %zu bytes, expected at most %zu", input_length,
                           MERGE_SYNC_LARGEST_INPUT);
  }
  merge_sync_text name = {operation, strlen(operation)};
  merge_sync_text text = {input == NULL ? "" : input, input_length};
  if (!merge_sync_is_utf8(name.data, name.length)) {
    return merge_sync_fail(error, MERGE_SYNC_NOT_UTF8, "operation: expected UTF-8, found other bytes");
  }
  if (!merge_sync_is_utf8(text.data, text.length)) {
    return merge_sync_fail(error, MERGE_SYNC_NOT_UTF8, "input: expected UTF-8, found other bytes");
  }
  return merge_sync_call_valid(instance, name, text, answer, error);
}

void merge_sync_text_free(merge_sync_text *text) {
  if (text == NULL) return;
  free((char *)(uintptr_t)text->data);
  *text = (merge_sync_text){NULL, 0};
}

void merge_sync_close(merge_sync *instance) {
  if (instance == NULL) return;
  if (instance->store != NULL) wasmtime_store_delete(instance->store);
  wasmtime_component_delete(instance->component);
  wasm_engine_delete(instance->engine);
  free(instance);
}

merge_sync_code merge_sync_open(const merge_sync_component *component, merge_sync **instance,
                                merge_sync_error *error) {
  if (instance != NULL) *instance = NULL;
  if (component == NULL || instance == NULL) {
    return merge_sync_fail(error, MERGE_SYNC_BAD_ARGUMENT, "open: expected a component, found NULL");
  }
  merge_sync *made = calloc(1, sizeof *made);
  if (made == NULL) return merge_sync_fail(error, MERGE_SYNC_NO_MEMORY, "open: no memory");
  made->engine = wasmtime_engine_clone(component->engine);
  made->component = wasmtime_component_clone(component->component);
  atomic_flag_clear(&made->busy);
  merge_sync_code code = instantiate(made, error);
  if (code != MERGE_SYNC_OK) {
    merge_sync_close(made);
    return code;
  }
  *instance = made;
  return MERGE_SYNC_OK;
}

void merge_sync_component_close(merge_sync_component *component) {
  if (component == NULL) return;
  if (component->component != NULL) wasmtime_component_delete(component->component);
  wasm_engine_delete(component->engine);
  free(component);
}

/* Whether the component is the one this header was written for. */
static merge_sync_code check_version(const merge_sync_component *component,
                                     merge_sync_error *error) {
  merge_sync *instance;
  merge_sync_code code = merge_sync_open(component, &instance, error);
  if (code != MERGE_SYNC_OK) return code;
  merge_sync_text answer;
  code = merge_sync_call(instance, "meta.version", "{}", 2, &answer, error);
  if (code == MERGE_SYNC_OK && strcmp(answer.data, "\"" MERGE_SYNC_VERSION "\"") != 0) {
    code = merge_sync_fail(error, MERGE_SYNC_WRONG_VERSION,
                           "component: its version is %s, expected \"" MERGE_SYNC_VERSION "\"",
                           answer.data);
  }
  merge_sync_text_free(&answer);
  merge_sync_close(instance);
  return code;
}

merge_sync_code merge_sync_component_read(const uint8_t *bytes, size_t length,
                                          merge_sync_component **component,
                                          merge_sync_error *error) {
  if (component != NULL) *component = NULL;
  if (bytes == NULL || component == NULL) {
    return merge_sync_fail(error, MERGE_SYNC_BAD_ARGUMENT, "component: expected bytes, found NULL");
  }
  merge_sync_component *made = calloc(1, sizeof *made);
  if (made == NULL) return merge_sync_fail(error, MERGE_SYNC_NO_MEMORY, "component: no memory");
  wasm_config_t *config = wasm_config_new();
  /* A synchronous component: entering it costs a third without the rest. */
  wasmtime_config_concurrency_support_set(config, false);
  made->engine = wasm_engine_new_with_config(config);
  wasmtime_error_t *cause = wasmtime_component_new(made->engine, bytes, length, &made->component);
  merge_sync_code code =
      cause == NULL ? check_version(made, error)
                    : fail_with(error, MERGE_SYNC_BAD_COMPONENT,
                                "component: expected merge-sync-text.wasm", cause);
  if (code != MERGE_SYNC_OK) {
    merge_sync_component_close(made);
    return code;
  }
  *component = made;
  return MERGE_SYNC_OK;
}

/* The whole file; NULL with `errno` where it cannot be had. */
static uint8_t *read_file(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) return NULL;
  uint8_t *bytes = NULL;
  size_t room = 0;
  *length = 0;
  errno = 0;
  while (*length == room) {
    room = room == 0 ? (size_t)1 << 20 : room * 2;
    uint8_t *larger = room <= LARGEST_COMPONENT ? realloc(bytes, room) : NULL;
    if (larger == NULL) {
      errno = room <= LARGEST_COMPONENT ? ENOMEM : EFBIG;
      break;
    }
    bytes = larger;
    *length += fread(bytes + *length, 1, room - *length, file);
    if (ferror(file)) break;
  }
  int fault = errno;
  bool failed = ferror(file) || *length == room;
  fclose(file);
  if (!failed) return bytes;
  free(bytes);
  errno = fault;
  return NULL;
}

merge_sync_code merge_sync_component_open(const char *path, merge_sync_component **component,
                                          merge_sync_error *error) {
  if (component != NULL) *component = NULL;
  if (path == NULL || component == NULL) {
    return merge_sync_fail(error, MERGE_SYNC_BAD_ARGUMENT, "component: expected a path, found NULL");
  }
  size_t length;
  uint8_t *bytes = read_file(path, &length);
  if (bytes == NULL) {
    return merge_sync_fail(error, MERGE_SYNC_NO_FILE, "component: `%s` cannot be read: %s", path,
                           strerror(errno));
  }
  merge_sync_code code = merge_sync_component_read(bytes, length, component, error);
  free(bytes);
  return code;
}

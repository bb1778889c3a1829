/* The package's own tests: every vector, the typed functions, and bad input of every kind.
 *
 *     tests COMPONENT VECTORS BENCH_INPUT
 */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wasmtime.h>

#include "support.h"

static const char *component_path, *vector_folder, *bench_path;
static merge_sync_component *component;
static merge_sync *instance;
static int failures;

#define CHECK(condition)                                                                           \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      failures++;                                                                                  \
      fprintf(stderr, "%s:%d: %s: not so: %s\n", __FILE__, __LINE__, __func__, #condition);        \
    }                                                                                              \
  } while (0)

#define CHECK_TEXT(text, expected) check_text(__func__, __LINE__, text, expected)

static void check_text(const char *test, int line, merge_sync_text found, const char *expected) {
  if (expected == NULL) expected = "no text";
  if (found.data != NULL && found.length == strlen(expected) && strcmp(found.data, expected) == 0) {
    return;
  }
  failures++;
  fprintf(stderr, "%s:%d: found `%s`, expected `%s`\n", test, line,
          found.data == NULL ? "nothing" : found.data, expected);
}

/* The next call works. */
#define CHECK_USABLE() check_usable(__func__, __LINE__)

static void check_usable(const char *test, int line) {
  merge_sync_text answer;
  merge_sync_code code = merge_sync_call(instance, "meta.version", "{}", 2, &answer, NULL);
  if (code != MERGE_SYNC_OK || strcmp(answer.data, "\"" MERGE_SYNC_VERSION "\"") != 0) {
    failures++;
    fprintf(stderr, "%s:%d: the next call gives %s\n", test, line, merge_sync_code_name(code));
  }
  merge_sync_text_free(&answer);
}

static void print_failure(void *context, const char *id) {
  (void)context;
  failures++;
  fprintf(stderr, "vector %s fails\n", id);
}

static void every_vector_passes(void) {
  size_t passed = run_vectors(instance, vector_folder, print_failure, NULL);
  printf("%zu vectors passed\n", passed);
  CHECK(passed > 700);
}

static void an_accepted_webhook_is_told_in_full(void) {
  timed input;
  timed_read(&input, bench_path);
  merge_sync_handling handling;
  merge_sync_error error;
  merge_sync_code code = merge_sync_webhook_handle(instance, &input.delivery, &handling, &error);
  CHECK(code == MERGE_SYNC_OK);
  CHECK(handling.status == 200);
  CHECK_TEXT(handling.reply, "{\"received\": true}");
  CHECK(handling.outcome == MERGE_SYNC_ACCEPTED && handling.event == MERGE_SYNC_SYNCED);
  CHECK(handling.key_index == 0 && handling.delivery_id.length == 43);
  CHECK_TEXT(handling.name, "LinkedAccount.sync_completed");
  CHECK_TEXT(handling.account.id, "c7d1e0aa-3f0b-4be5-8a3d-0f6a4a6b9c21");
  CHECK_TEXT(handling.account.organization_name, "Brindlewood Bakeries Ltd");
  CHECK(handling.is_initial_sync == MERGE_SYNC_FALSE);
  CHECK(handling.model_count == 7);
  const merge_sync_model_status *location = &handling.models[3];
  CHECK_TEXT(location->model_id, "hris.Location");
  CHECK(location->status == MERGE_SYNC_STATE_NOT_SAID);
  CHECK(location->last_sync_result == MERGE_SYNC_PARTIALLY_SYNCED);
  CHECK_TEXT(location->last_sync_finished, "2026-03-18T08:01:27.650004Z");
  CHECK(location->last_sync_start.data == NULL);
  CHECK(handling.account_token.data == NULL);

  merge_sync_verdict verdict;
  CHECK(merge_sync_signature_verify(instance, &input.delivery, &verdict, NULL) == MERGE_SYNC_OK);
  CHECK(verdict.authentic && strcmp(verdict.delivery_id, handling.delivery_id.data) == 0);
  merge_sync_handling_free(&handling);
  merge_sync_handling_free(&handling);
  yyjson_doc_free(input.document);
}

/* How many texts the lists of all vectors have together. */
static size_t listed;

static void check_texts(merge_sync_texts found, yyjson_val *said) {
  CHECK(found.count == yyjson_arr_size(said));
  CHECK((found.items == NULL) == (found.count == 0));
  for (size_t at = 0; at < found.count && at < yyjson_arr_size(said); at++, listed++) {
    CHECK_TEXT(found.items[at], yyjson_get_str(yyjson_arr_get(said, at)));
  }
}

static void check_models(const merge_sync_handling *handling, yyjson_val *said) {
  CHECK(handling->model_count == yyjson_arr_size(said));
  for (size_t at = 0; at < handling->model_count; at++) {
    const merge_sync_model_status *model = &handling->models[at];
    yyjson_val *expected = yyjson_arr_get(said, at);
    CHECK_TEXT(model->model_id, yyjson_get_str(yyjson_obj_get(expected, "model_id")));
    check_texts(model->synced_fields, yyjson_obj_get(expected, "synced_fields"));
    check_texts(model->unreadable, yyjson_obj_get(expected, "unreadable"));
  }
}

static void check_account(const merge_sync_account *account, yyjson_val *said) {
  const char *id = yyjson_get_str(yyjson_obj_get(said, "id"));
  if (id == NULL) return;
  CHECK_TEXT(account->id, id);
  CHECK_TEXT(account->account_type, yyjson_get_str(yyjson_obj_get(said, "account_type")));
  yyjson_val *duplicate = yyjson_obj_get(said, "is_duplicate");
  CHECK(account->is_duplicate == (!yyjson_is_bool(duplicate)       ? MERGE_SYNC_NOT_SAID
                                  : yyjson_get_bool(duplicate) ? MERGE_SYNC_TRUE
                                                               : MERGE_SYNC_FALSE));
}

/* What the typed function makes of a vector is what the vector says. */
static void check_handling(yyjson_val *vector) {
  yyjson_val *input = yyjson_obj_get(vector, "input");
  const char *signatures[16], *keys[16];
  size_t at, signature_count, key_count;
  yyjson_val *item;
  yyjson_arr_foreach(yyjson_obj_get(input, "signatures"), at, signature_count, item) {
    if (at < 16) signatures[at] = yyjson_get_str(item);
  }
  yyjson_arr_foreach(yyjson_obj_get(input, "keys"), at, key_count, item) {
    if (at < 16) keys[at] = yyjson_get_str(item);
  }
  yyjson_val *body = yyjson_obj_get(input, "body");
  merge_sync_delivery delivery = {yyjson_get_str(body), yyjson_get_len(body), signatures,
                                  signature_count,      keys,                 key_count};
  merge_sync_handling handling;
  merge_sync_error error;
  merge_sync_code code = merge_sync_webhook_handle(instance, &delivery, &handling, &error);
  CHECK(code == MERGE_SYNC_OK);

  yyjson_val *output = yyjson_obj_get(vector, "output");
  yyjson_val *reply = yyjson_obj_get(output, "reply");
  CHECK(handling.status == yyjson_get_uint(yyjson_obj_get(reply, "status")));
  CHECK_TEXT(handling.reply, yyjson_get_str(yyjson_obj_get(reply, "body")));
  static const char *const outcomes[] = {"accepted", "refused", "malformed"};
  yyjson_val *outcome = yyjson_obj_get(output, "outcome");
  CHECK(yyjson_equals_str(yyjson_obj_get(outcome, "tag"), outcomes[handling.outcome]));
  yyjson_val *value = yyjson_obj_get(outcome, "value");
  if (handling.outcome == MERGE_SYNC_MALFORMED) {
    yyjson_val *problem = yyjson_obj_get(value, "problem");
    CHECK_TEXT(handling.problem, yyjson_get_str(yyjson_obj_get(problem, "message")));
  } else if (handling.outcome == MERGE_SYNC_OUTCOME_REFUSED) {
    static const char *const reasons[] = {"missing-signature", "ambiguous-signature",
                                          "malformed-signature", "mismatch", "no-key"};
    CHECK(yyjson_equals_str(yyjson_obj_get(value, "reason"), reasons[handling.refusal]));
  } else {
    static const char *const events[] = {"linked",        "synced",   "record-changed",
                                         "issue-changed", "unlinked", "ignored"};
    yyjson_val *event = yyjson_obj_get(value, "event");
    CHECK(yyjson_equals_str(yyjson_obj_get(event, "tag"), events[handling.event]));
    yyjson_val *said = yyjson_obj_get(event, "value");
    check_models(&handling, yyjson_obj_get(said, "models"));
    const char *token = yyjson_get_str(yyjson_obj_get(said, "account_token"));
    if (token != NULL) CHECK_TEXT(handling.account_token, token);
    check_account(&handling.account, yyjson_obj_get(said, "account"));
  }
  merge_sync_handling_free(&handling);
}

static void the_typed_webhook_says_what_its_vectors_say(void) {
  char path[4096];
  snprintf(path, sizeof path, "%s/webhook.json", vector_folder);
  yyjson_doc *document = read_json(path);
  size_t at, count, checked = 0;
  yyjson_val *vector;
  yyjson_arr_foreach(yyjson_doc_get_root(document), at, count, vector) {
    if (yyjson_obj_get(yyjson_obj_get(vector, "output"), "reply") == NULL) continue;
    check_handling(vector);
    checked++;
  }
  CHECK(checked > 50 && listed > 0);
  yyjson_doc_free(document);
}

static const char *const KEYS[] = {"key"};
static const char *const SIGNATURES[] = {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};

/* Handle these bytes under a signature that matches nothing. */
static merge_sync_code handle_bytes(const void *body, size_t length, merge_sync_handling *handling) {
  merge_sync_delivery delivery = {body, length, SIGNATURES, 1, KEYS, 1};
  return merge_sync_webhook_handle(instance, &delivery, handling, NULL);
}

static void a_body_that_is_no_utf8_is_refused_as_a_mismatch_is(void) {
  merge_sync_handling plain;
  CHECK(handle_bytes("{}", 2, &plain) == MERGE_SYNC_OK);
  CHECK(plain.status == 401 && plain.refusal == MERGE_SYNC_MISMATCH);
  /* Cut short, overlong, half a surrogate pair, too large, a lone continuation. */
  static const char *const bodies[] = {"\xe2\x82", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                       "{\"a\":\"\x80\"}"};
  for (size_t index = 0; index < sizeof bodies / sizeof *bodies; index++) {
    merge_sync_handling handling;
    CHECK(handle_bytes(bodies[index], strlen(bodies[index]), &handling) == MERGE_SYNC_OK);
    CHECK(handling.status == plain.status && handling.refusal == plain.refusal);
    CHECK_TEXT(handling.reply, plain.reply.data);
    merge_sync_handling_free(&handling);
    merge_sync_delivery delivery = {bodies[index], strlen(bodies[index]), SIGNATURES, 1, KEYS, 1};
    merge_sync_verdict verdict;
    CHECK(merge_sync_signature_verify(instance, &delivery, &verdict, NULL) == MERGE_SYNC_OK);
    CHECK(!verdict.authentic && verdict.refusal == MERGE_SYNC_MISMATCH);
  }
  merge_sync_handling_free(&plain);
  CHECK_USABLE();
}

static void other_texts_that_are_no_utf8_are_named(void) {
  static const char *const bad[] = {"\xff"};
  merge_sync_handling handling;
  merge_sync_error error;
  merge_sync_delivery delivery = {"{}", 2, bad, 1, KEYS, 1};
  CHECK(merge_sync_webhook_handle(instance, &delivery, &handling, &error) == MERGE_SYNC_OK);
  CHECK(handling.status == 401 && handling.refusal == MERGE_SYNC_MALFORMED_SIGNATURE);
  merge_sync_handling_free(&handling);
  delivery = (merge_sync_delivery){"{}", 2, SIGNATURES, 1, bad, 1};
  CHECK(merge_sync_webhook_handle(instance, &delivery, &handling, &error) == MERGE_SYNC_NOT_UTF8);
  CHECK(strcmp(error.message, "delivery: expected UTF-8, found other bytes") == 0);

  merge_sync_text answer;
  CHECK(merge_sync_call(instance, "\xff", "{}", 2, &answer, &error) == MERGE_SYNC_NOT_UTF8);
  CHECK(merge_sync_call(instance, "meta.version", "\xff", 1, &answer, &error) == MERGE_SYNC_NOT_UTF8);
  CHECK(strcmp(error.message, "input: expected UTF-8, found other bytes") == 0);
  CHECK(answer.data == NULL);
  CHECK_USABLE();
}

/* Neither a byte-order mark nor a zero is cut off before the signature is checked. */
static void what_is_signed_is_never_changed(void) {
  char path[4096];
  snprintf(path, sizeof path, "%s/signature.json", vector_folder);
  yyjson_doc *document = read_json(path);
  size_t at, count, marked = 0;
  yyjson_val *vector;
  yyjson_arr_foreach(yyjson_doc_get_root(document), at, count, vector) {
    yyjson_val *input = yyjson_obj_get(vector, "input");
    yyjson_val *body = yyjson_obj_get(input, "body");
    yyjson_val *authentic = yyjson_obj_get(yyjson_obj_get(vector, "output"), "tag");
    const char *text = yyjson_get_str(body);
    if (text == NULL || !yyjson_equals_str(authentic, "authentic")) continue;
    const char *signatures[] = {
        yyjson_get_str(yyjson_arr_get(yyjson_obj_get(input, "signatures"), 0))};
    const char *keys[] = {yyjson_get_str(yyjson_arr_get(yyjson_obj_get(input, "keys"), 0))};
    if (yyjson_arr_size(yyjson_obj_get(input, "keys")) != 1) continue;
    size_t length = yyjson_get_len(body);
    bool special = memchr(text, 0, length) != NULL || strncmp(text, "\xef\xbb\xbf", 3) == 0;
    merge_sync_delivery delivery = {text, length, signatures, 1, keys, 1};
    merge_sync_verdict verdict;
    CHECK(merge_sync_signature_verify(instance, &delivery, &verdict, NULL) == MERGE_SYNC_OK);
    CHECK(verdict.authentic);
    if (!special) continue;
    marked++;
    delivery.body_length--;
    CHECK(merge_sync_signature_verify(instance, &delivery, &verdict, NULL) == MERGE_SYNC_OK);
    CHECK(!verdict.authentic && verdict.refusal == MERGE_SYNC_MISMATCH);
  }
  CHECK(marked > 0);
  yyjson_doc_free(document);
}

static void ten_megabytes_are_answered(void) {
  size_t length = 10u << 20;
  char *body = malloc(length);
  CHECK(body != NULL);
  if (body == NULL) return;
  memset(body, '"', length);
  merge_sync_handling handling;
  CHECK(handle_bytes(body, length, &handling) == MERGE_SYNC_OK);
  CHECK(handling.status == 401 && handling.refusal == MERGE_SYNC_MISMATCH);
  merge_sync_handling_free(&handling);
  free(body);
  CHECK_USABLE();
}

static void an_input_too_large_is_refused_unread(void) {
  merge_sync_text answer;
  merge_sync_error error;
  size_t length = MERGE_SYNC_LARGEST_INPUT + 1;
  CHECK(merge_sync_call(instance, "meta.version", "{}", length, &answer, &error) ==
        MERGE_SYNC_BAD_ARGUMENT);
  CHECK(strcmp(error.message, "input: found 268435457 bytes, expected at most 268435456") == 0);
  merge_sync_handling handling;
  CHECK(handle_bytes("{}", length, &handling) == MERGE_SYNC_BAD_ARGUMENT);
  CHECK_USABLE();
}

/* A component that knows its version and breaks down when asked for anything else. */
static const char BREAKING[] =
    "(component"
    "  (core module $m"
    "    (memory (export \"memory\") 1)"
    "    (data (i32.const 64) \"\\220.1.0\\22\")"
    "    (func (export \"realloc\") (param i32 i32 i32 i32) (result i32) i32.const 1024)"
    "    (func (export \"call\") (param i32 i32 i32 i32) (result i32)"
    "      (if (i32.ne (local.get 1) (i32.const 12)) (then unreachable))"
    "      (i32.store (i32.const 36) (i32.const 64))"
    "      (i32.store (i32.const 40) (i32.const 7))"
    "      i32.const 32))"
    "  (core instance $i (instantiate $m))"
    "  (alias core export $i \"memory\" (core memory $memory))"
    "  (alias core export $i \"realloc\" (core func $realloc))"
    "  (alias core export $i \"call\" (core func $call))"
    "  (func $lifted (param \"operation\" string) (param \"input\" string)"
    "    (result (result string (error string)))"
    "    (canon lift (core func $call) (memory $memory) (realloc $realloc)))"
    "  (instance $json (export \"call\" (func $lifted)))"
    "  (export \"merge-sync:triggers/json@0.1.0\" (instance $json)))";

static void a_component_that_breaks_down_begins_anew(void) {
  wasm_byte_vec_t bytes;
  CHECK(wasmtime_wat2wasm(BREAKING, strlen(BREAKING), &bytes) == NULL);
  merge_sync_component *breaking;
  merge_sync *own;
  merge_sync_error error = {""};
  CHECK(merge_sync_component_read((uint8_t *)bytes.data, bytes.size, &breaking, &error) ==
        MERGE_SYNC_OK);
  wasm_byte_vec_delete(&bytes);
  CHECK(merge_sync_open(breaking, &own, NULL) == MERGE_SYNC_OK);
  for (int round = 0; round < 2; round++) {
    merge_sync_text answer;
    CHECK(merge_sync_call(own, "page.parse", "{}", 2, &answer, &error) == MERGE_SYNC_TRAPPED);
    CHECK(strncmp(error.message, "component: broke down: ", 23) == 0);
    CHECK(strchr(error.message, '\n') == NULL && answer.data == NULL);
    CHECK(merge_sync_call(own, "meta.version", "{}", 2, &answer, &error) == MERGE_SYNC_OK);
    merge_sync_text_free(&answer);
  }
  merge_sync_close(own);
  merge_sync_component_close(breaking);
}

static void a_missing_argument_is_named(void) {
  merge_sync_error error;
  merge_sync_text answer;
  merge_sync_handling handling;
  merge_sync_verdict verdict;
  CHECK(merge_sync_call(NULL, "a", "", 0, &answer, &error) == MERGE_SYNC_BAD_ARGUMENT);
  CHECK(merge_sync_call(instance, NULL, "", 0, &answer, NULL) == MERGE_SYNC_BAD_ARGUMENT);
  CHECK(merge_sync_call(instance, "a", NULL, 1, &answer, NULL) == MERGE_SYNC_BAD_ARGUMENT);
  CHECK(merge_sync_call(instance, "a", "", 0, NULL, NULL) == MERGE_SYNC_BAD_ARGUMENT);
  CHECK(merge_sync_webhook_handle(instance, NULL, &handling, &error) == MERGE_SYNC_BAD_ARGUMENT);
  CHECK(strcmp(error.message, "delivery: found NULL") == 0);
  CHECK(handle_bytes(NULL, 1, &handling) == MERGE_SYNC_BAD_ARGUMENT);
  const char *const none[] = {NULL};
  merge_sync_delivery delivery = {"", 0, none, 1, KEYS, 1};
  CHECK(merge_sync_signature_verify(instance, &delivery, &verdict, &error) ==
        MERGE_SYNC_BAD_ARGUMENT);
  CHECK(strcmp(error.message, "delivery.signatures: expected a text, found NULL") == 0);
  merge_sync *none_made = instance;
  CHECK(merge_sync_open(NULL, &none_made, &error) == MERGE_SYNC_BAD_ARGUMENT);
  CHECK(none_made == NULL);
  merge_sync_text_free(NULL);
  merge_sync_handling_free(NULL);
  merge_sync_close(NULL);
  merge_sync_component_close(NULL);
  CHECK_USABLE();
}

/* Nothing sent, nothing configured: each has its own answer. */
static void an_empty_delivery_is_the_hosts_fault_or_the_senders(void) {
  merge_sync_handling handling;
  merge_sync_delivery delivery = {NULL, 0, NULL, 0, KEYS, 1};
  CHECK(merge_sync_webhook_handle(instance, &delivery, &handling, NULL) == MERGE_SYNC_OK);
  CHECK(handling.status == 401 && handling.refusal == MERGE_SYNC_MISSING_SIGNATURE);
  merge_sync_handling_free(&handling);
  delivery = (merge_sync_delivery){NULL, 0, SIGNATURES, 1, NULL, 0};
  CHECK(merge_sync_webhook_handle(instance, &delivery, &handling, NULL) == MERGE_SYNC_OK);
  CHECK(handling.status == 500 && handling.refusal == MERGE_SYNC_NO_KEY);
  merge_sync_handling_free(&handling);
}

#define CHECK_REFUSED(operation, input, message)                                                   \
  check_refused(__LINE__, operation, input, message)

static void check_refused(int line, const char *operation, const char *input, const char *message) {
  merge_sync_text answer;
  merge_sync_error error = {""};
  merge_sync_code code =
      merge_sync_call(instance, operation, input, strlen(input), &answer, &error);
  if (code != MERGE_SYNC_REFUSED || strstr(error.message, message) == NULL ||
      strcmp(error.message, answer.data) != 0) {
    failures++;
    fprintf(stderr, "line %d: %s: %s\n", line, merge_sync_code_name(code), error.message);
  }
  merge_sync_text_free(&answer);
}

/* Wrong types, instants without a zone, values out of range. */
static void the_components_own_refusals_come_through(void) {
  CHECK_REFUSED("no.such", "{}", "no.such");
  CHECK_REFUSED("window.locate", "{\"model_id\": 1}", "model_id: expected a text, found a number");
  CHECK_REFUSED("window.locate", "{\"model\": \"\"}", "model");
  CHECK_REFUSED("window.locate", "{", "");
  CHECK_REFUSED("engine.link", "{\"account\": {}, \"now\": \"yesterday\"}", "account");
  CHECK_REFUSED("cadence.next",
                "{\"statuses\": [], \"initial\": true, \"linked_at\": \"2026-01-01 00:00\", "
                "\"now\": \"2026-01-01T00:00:00Z\", \"seed\": 1}",
                "linked_at");
  CHECK_REFUSED("retry.decide",
                "{\"outcome\": {\"tag\": \"response\", \"value\": {\"status\": 70000}}, "
                "\"attempt\": 1, \"now\": \"2026-01-01T00:00:00Z\", \"seed\": 1}",
                "70000");
  CHECK_USABLE();
}

#define CHECK_COMPONENT(bytes, length, code, message)                                              \
  check_component(__LINE__, bytes, length, code, message)

static void check_component(int line, const void *bytes, size_t length, merge_sync_code expected,
                            const char *message) {
  merge_sync_component *made = component;
  merge_sync_error error = {""};
  merge_sync_code code = merge_sync_component_read(bytes, length, &made, &error);
  if (code != expected || made != NULL || strstr(error.message, message) == NULL ||
      strchr(error.message, '\n') != NULL) {
    failures++;
    fprintf(stderr, "line %d: %s: %s\n", line, merge_sync_code_name(code), error.message);
  }
}

static void a_missing_or_damaged_component_is_an_error(void) {
  merge_sync_component *made;
  merge_sync_error error;
  CHECK(merge_sync_component_open("no/such/file.wasm", &made, &error) == MERGE_SYNC_NO_FILE);
  CHECK(strcmp(error.message,
               "component: `no/such/file.wasm` cannot be read: No such file or directory") == 0);
  CHECK(merge_sync_component_open(vector_folder, &made, &error) == MERGE_SYNC_NO_FILE);
  CHECK(made == NULL);

  size_t length;
  char *bytes = read_whole(component_path, &length);
  CHECK_COMPONENT("", 0, MERGE_SYNC_BAD_COMPONENT, "expected merge-sync-text.wasm");
  CHECK_COMPONENT("not wasm", 8, MERGE_SYNC_BAD_COMPONENT, "expected merge-sync-text.wasm");
  CHECK_COMPONENT(bytes, length / 2, MERGE_SYNC_BAD_COMPONENT, "expected merge-sync-text.wasm");
  /* A component with nothing in it. */
  CHECK_COMPONENT("\0asm\x0d\0\1\0", 8, MERGE_SYNC_BAD_COMPONENT, "has no function `call`");
  /* The version stands in the data: the component stays whole and calls itself by another. */
  size_t patched = 0;
  for (size_t at = 0; at + 5 <= length; at++) {
    /* The contract's own version, in names, stays. */
    if (memcmp(bytes + at, MERGE_SYNC_VERSION, 5) == 0 && (at == 0 || bytes[at - 1] != '@')) {
      bytes[at + 4] = '9';
      patched++;
    }
  }
  CHECK(patched > 0);
  CHECK_COMPONENT(bytes, length, MERGE_SYNC_WRONG_VERSION,
                  "component: its version is \"0.1.9\", expected \"0.1.0\"");
  free(bytes);
  CHECK_USABLE();
}

/* Rounds of a call each in which both threads begin at once. */
#define ROUNDS 200

static pthread_barrier_t barrier;
static atomic_int busy, answered, other;

static void *call_shared(void *body) {
  for (int round = 0; round < ROUNDS; round++) {
    pthread_barrier_wait(&barrier);
    merge_sync_handling handling;
    merge_sync_delivery delivery = {body, 200000, SIGNATURES, 1, KEYS, 1};
    merge_sync_code code = merge_sync_webhook_handle(instance, &delivery, &handling, NULL);
    atomic_fetch_add(code == MERGE_SYNC_OK ? &answered : code == MERGE_SYNC_BUSY ? &busy : &other, 1);
    merge_sync_handling_free(&handling);
  }
  return NULL;
}

static void two_threads_on_one_instance_are_told(void) {
  char *body = malloc(200000);
  CHECK(body != NULL);
  if (body == NULL) return;
  memset(body, ' ', 200000);
  pthread_barrier_init(&barrier, NULL, 2);
  pthread_t threads[2];
  for (int index = 0; index < 2; index++) {
    CHECK(pthread_create(&threads[index], NULL, call_shared, body) == 0);
  }
  for (int index = 0; index < 2; index++) pthread_join(threads[index], NULL);
  pthread_barrier_destroy(&barrier);
  CHECK(atomic_load(&other) == 0);
  CHECK(atomic_load(&busy) > 0);
  CHECK(atomic_load(&answered) >= ROUNDS);
  CHECK(atomic_load(&busy) + atomic_load(&answered) == 2 * ROUNDS);
  free(body);
  CHECK_USABLE();
}

static void *call_own(void *wrong) {
  merge_sync *own;
  if (merge_sync_open(component, &own, NULL) != MERGE_SYNC_OK) return wrong;
  void *result = NULL;
  for (int round = 0; round < 500 && result == NULL; round++) {
    merge_sync_text answer;
    merge_sync_code code = merge_sync_call(own, "meta.version", "{}", 2, &answer, NULL);
    if (code != MERGE_SYNC_OK) result = wrong;
    merge_sync_text_free(&answer);
  }
  merge_sync_close(own);
  return result;
}

static void a_component_serves_threads_with_an_instance_each(void) {
  pthread_t threads[4];
  for (int index = 0; index < 4; index++) {
    CHECK(pthread_create(&threads[index], NULL, call_own, &failures) == 0);
  }
  for (int index = 0; index < 4; index++) {
    void *result;
    pthread_join(threads[index], &result);
    CHECK(result == NULL);
  }
}

static void an_instance_outlives_its_component(void) {
  merge_sync_component *made;
  merge_sync *own;
  CHECK(merge_sync_component_open(component_path, &made, NULL) == MERGE_SYNC_OK);
  CHECK(merge_sync_open(made, &own, NULL) == MERGE_SYNC_OK);
  merge_sync_component_close(made);
  merge_sync_text answer;
  CHECK(merge_sync_call(own, "meta.version", "{}", 2, &answer, NULL) == MERGE_SYNC_OK);
  merge_sync_text_free(&answer);
  merge_sync_close(own);
}

/* A message that is too long ends before a character. */
static void a_long_refusal_is_cut_between_characters(void) {
  char input[2048] = "{\"";
  for (int index = 0; index < 400; index++) strcat(input, "\xe2\x82\xac");
  strcat(input, "\": 1}");
  merge_sync_text answer;
  merge_sync_error error;
  CHECK(merge_sync_call(instance, "window.locate", input, strlen(input), &answer, &error) ==
        MERGE_SYNC_REFUSED);
  CHECK(strlen(error.message) <= 511);
  CHECK(strncmp(error.message, answer.data, strlen(error.message)) == 0);
  yyjson_mut_doc *document = yyjson_mut_doc_new(NULL);
  char *valid = yyjson_mut_val_write(yyjson_mut_str(document, error.message), 0, NULL);
  CHECK(valid != NULL);
  free(valid);
  yyjson_mut_doc_free(document);
  merge_sync_text_free(&answer);
}

int main(int count, char **arguments) {
  if (count != 4) {
    fprintf(stderr, "usage: tests COMPONENT VECTORS BENCH_INPUT\n");
    return 2;
  }
  component_path = arguments[1];
  vector_folder = arguments[2];
  bench_path = arguments[3];
  merge_sync_error error;
  if (merge_sync_component_open(component_path, &component, &error) != MERGE_SYNC_OK ||
      merge_sync_open(component, &instance, &error) != MERGE_SYNC_OK) {
    fprintf(stderr, "error: %s\n", error.message);
    return 2;
  }
  static void (*const tests[])(void) = {
      every_vector_passes,
      an_accepted_webhook_is_told_in_full,
      the_typed_webhook_says_what_its_vectors_say,
      a_body_that_is_no_utf8_is_refused_as_a_mismatch_is,
      other_texts_that_are_no_utf8_are_named,
      what_is_signed_is_never_changed,
      ten_megabytes_are_answered,
      an_input_too_large_is_refused_unread,
      a_component_that_breaks_down_begins_anew,
      a_missing_argument_is_named,
      an_empty_delivery_is_the_hosts_fault_or_the_senders,
      the_components_own_refusals_come_through,
      a_missing_or_damaged_component_is_an_error,
      two_threads_on_one_instance_are_told,
      a_component_serves_threads_with_an_instance_each,
      an_instance_outlives_its_component,
      a_long_refusal_is_cut_between_characters,
  };
  size_t number = sizeof tests / sizeof *tests;
  for (size_t index = 0; index < number; index++) tests[index]();
  merge_sync_close(instance);
  merge_sync_component_close(component);
  printf("%zu tests, %d failures\n", number, failures);
  return failures > 0;
}

/* The typed decisions: C structs to the JSON of `wit/json.wit` and back, by yyjson. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#include <yyjson.h>

/* What bytes that are not UTF-8 are answered: Merge signs none. A test holds that this is what the
 * component itself answers to a signature that does not match. */
#define INVALID_SIGNATURE "{\"error\": \"Invalid signature\"}"

/* A list of texts; NULL where one is NULL. */
static yyjson_mut_val *texts(yyjson_mut_doc *document, const char *const *items, size_t count) {
  yyjson_mut_val *list = yyjson_mut_arr(document);
  for (size_t index = 0; index < count; index++) {
    if (items[index] == NULL) return NULL;
    yyjson_mut_arr_add_str(document, list, items[index]);
  }
  return list;
}

/* The record `signed-body`. */
static merge_sync_code write_delivery(const merge_sync_delivery *delivery, merge_sync_text *input,
                                      merge_sync_error *error) {
  yyjson_mut_doc *document = yyjson_mut_doc_new(NULL);
  if (document == NULL) return merge_sync_fail(error, MERGE_SYNC_NO_MEMORY, "delivery: no memory");
  yyjson_mut_val *root = yyjson_mut_obj(document);
  yyjson_mut_val *signatures = texts(document, delivery->signatures, delivery->signature_count);
  yyjson_mut_val *keys = texts(document, delivery->keys, delivery->key_count);
  if (signatures == NULL || keys == NULL) {
    yyjson_mut_doc_free(document);
    return merge_sync_fail(error, MERGE_SYNC_BAD_ARGUMENT, "delivery.%s: expected a text, found NULL",
                           signatures == NULL ? "signatures" : "keys");
  }
  yyjson_mut_doc_set_root(document, root);
  const char *body = delivery->body_length == 0 ? "" : delivery->body;
  yyjson_mut_obj_add_strn(document, root, "body", body, delivery->body_length);
  yyjson_mut_obj_add_val(document, root, "signatures", signatures);
  yyjson_mut_obj_add_val(document, root, "keys", keys);
  yyjson_write_err fault;
  input->data = yyjson_mut_write_opts(document, YYJSON_WRITE_NOFLAG, NULL, &input->length, &fault);
  yyjson_mut_doc_free(document);
  if (input->data != NULL) return MERGE_SYNC_OK;
  if (fault.code == YYJSON_WRITE_ERROR_INVALID_STRING) {
    return merge_sync_fail(error, MERGE_SYNC_NOT_UTF8, "delivery: expected UTF-8, found other bytes");
  }
  return merge_sync_fail(error, MERGE_SYNC_NO_MEMORY, "delivery: no memory");
}

static merge_sync_code check_delivery(const void *instance, const merge_sync_delivery *delivery,
                                      const void *answer, merge_sync_error *error) {
  const char *missing = NULL;
  if (instance == NULL) missing = "instance";
  else if (delivery == NULL) missing = "delivery";
  else if (answer == NULL) missing = "answer";
  else if (delivery->body == NULL && delivery->body_length > 0) missing = "delivery.body";
  else if (delivery->signatures == NULL && delivery->signature_count > 0)
    missing = "delivery.signatures";
  else if (delivery->keys == NULL && delivery->key_count > 0) missing = "delivery.keys";
  if (missing == NULL && delivery->body_length > MERGE_SYNC_LARGEST_INPUT) {
    return merge_sync_fail(error, MERGE_SYNC_BAD_ARGUMENT,
                           "delivery.body: found %zu bytes, expected at most %zu",
                           delivery->body_length, MERGE_SYNC_LARGEST_INPUT);
  }
  if (missing == NULL) return MERGE_SYNC_OK;
  return merge_sync_fail(error, MERGE_SYNC_BAD_ARGUMENT, "%s: found NULL", missing);
}

/* Ask `operation` about the delivery and read the answer as JSON. */
static merge_sync_code ask(merge_sync *instance, const char *operation,
                           const merge_sync_delivery *delivery, yyjson_doc **document,
                           merge_sync_error *error) {
  merge_sync_text input = {NULL, 0};
  merge_sync_code code = write_delivery(delivery, &input, error);
  if (code != MERGE_SYNC_OK) return code;
  merge_sync_text name = {operation, strlen(operation)};
  merge_sync_text answer = {NULL, 0};
  code = merge_sync_call_valid(instance, name, input, &answer, error);
  free((char *)(uintptr_t)input.data);
  if (code == MERGE_SYNC_OK) {
    *document = yyjson_read(answer.data, answer.length, YYJSON_READ_NOFLAG);
    if (*document == NULL) {
      code = merge_sync_fail(error, MERGE_SYNC_BAD_COMPONENT, "component: its answer is no JSON");
    }
  }
  merge_sync_text_free(&answer);
  return code;
}

/* The number of `name` among `names`, or of them where it is none. */
static unsigned position(yyjson_val *name, const char *const *names, unsigned count) {
  unsigned index = 0;
  while (index < count && !yyjson_equals_str(name, names[index])) index++;
  return index;
}

static merge_sync_text text_of(yyjson_val *object, const char *key) {
  yyjson_val *value = yyjson_obj_get(object, key);
  return (merge_sync_text){yyjson_get_str(value), yyjson_get_len(value)};
}

static merge_sync_flag flag_of(yyjson_val *object, const char *key) {
  yyjson_val *value = yyjson_obj_get(object, key);
  if (!yyjson_is_bool(value)) return MERGE_SYNC_NOT_SAID;
  return yyjson_get_bool(value) ? MERGE_SYNC_TRUE : MERGE_SYNC_FALSE;
}

static merge_sync_code unknown(const char *what, yyjson_val *found, merge_sync_error *error) {
  const char *name = yyjson_get_str(found);
  return merge_sync_fail(error, MERGE_SYNC_BAD_COMPONENT,
                         "component: %s `%.40s` is not of this version", what,
                         name == NULL ? "" : name);
}

static merge_sync_code read_refusal(yyjson_val *refused, merge_sync_refusal *refusal,
                                    merge_sync_error *error) {
  static const char *const names[] = {"missing-signature", "ambiguous-signature",
                                      "malformed-signature", "mismatch", "no-key"};
  yyjson_val *reason = yyjson_obj_get(refused, "reason");
  unsigned index = position(reason, names, 5);
  if (index == 5) return unknown("the refusal", reason, error);
  *refusal = (merge_sync_refusal)index;
  return MERGE_SYNC_OK;
}

/* What a sender's bytes that are no text are refused for. The keys are the host's: a key that is no
 * text stays an error. */
static bool refused_bytes(const merge_sync_delivery *delivery, merge_sync_refusal *refusal) {
  *refusal = MERGE_SYNC_MISMATCH;
  if (!merge_sync_is_utf8(delivery->body, delivery->body_length)) return true;
  *refusal = MERGE_SYNC_MALFORMED_SIGNATURE;
  for (size_t index = 0; index < delivery->signature_count; index++) {
    const char *signature = delivery->signatures[index];
    if (!merge_sync_is_utf8(signature, strlen(signature))) return true;
  }
  return false;
}

merge_sync_code merge_sync_signature_verify(merge_sync *instance,
                                            const merge_sync_delivery *delivery,
                                            merge_sync_verdict *verdict, merge_sync_error *error) {
  merge_sync_code code = check_delivery(instance, delivery, verdict, error);
  if (code != MERGE_SYNC_OK) return code;
  *verdict = (merge_sync_verdict){.authentic = false};
  yyjson_doc *document = NULL;
  code = ask(instance, "signature.verify", delivery, &document, error);
  if (code == MERGE_SYNC_NOT_UTF8 && refused_bytes(delivery, &verdict->refusal)) {
    return MERGE_SYNC_OK;
  }
  if (code != MERGE_SYNC_OK) return code;
  yyjson_val *root = yyjson_doc_get_root(document);
  yyjson_val *value = yyjson_obj_get(root, "value");
  if (yyjson_equals_str(yyjson_obj_get(root, "tag"), "authentic")) {
    merge_sync_text id = text_of(value, "delivery_id");
    if (id.data == NULL || id.length >= sizeof verdict->delivery_id) {
      code = merge_sync_fail(error, MERGE_SYNC_BAD_COMPONENT, "component: delivery_id is too long");
    } else {
      memcpy(verdict->delivery_id, id.data, id.length);
      verdict->key_index = (uint32_t)yyjson_get_uint(yyjson_obj_get(value, "key_index"));
      verdict->authentic = true;
    }
  } else {
    code = read_refusal(value, &verdict->refusal, error);
  }
  yyjson_doc_free(document);
  return code;
}

/* What a handling owns. */
typedef struct owned {
  yyjson_doc *document;
  /** Behind the models: where the next text of a list goes. */
  merge_sync_text *texts;
  merge_sync_model_status models[];
} owned;

static merge_sync_texts read_texts(yyjson_val *object, const char *key, owned *own) {
  size_t at, count;
  yyjson_val *text;
  merge_sync_texts list = {NULL, 0};
  yyjson_arr_foreach(yyjson_obj_get(object, key), at, count, text) {
    *own->texts = (merge_sync_text){yyjson_get_str(text), yyjson_get_len(text)};
    if (at == 0) list.items = own->texts;
    list.count = at + 1;
    own->texts++;
  }
  return list;
}

static merge_sync_state read_state(yyjson_val *object, const char *key, merge_sync_text *text) {
  static const char *const names[] = {"syncing",  "done",   "partially-synced", "failed",
                                      "disabled", "paused"};
  yyjson_val *state = yyjson_obj_get(object, key);
  if (!yyjson_is_obj(state)) return MERGE_SYNC_STATE_NOT_SAID;
  unsigned index = position(yyjson_obj_get(state, "tag"), names, 6);
  if (index == 6) *text = text_of(yyjson_obj_get(state, "value"), "text");
  return (merge_sync_state)((unsigned)MERGE_SYNC_SYNCING + index);
}

static void read_model(yyjson_val *model, owned *own, merge_sync_model_status *status) {
  *status = (merge_sync_model_status){
      .model_id = text_of(model, "model_id"),
      .model_name = text_of(model, "model_name"),
      .is_initial_sync = flag_of(model, "is_initial_sync"),
      .last_sync_start = text_of(model, "last_sync_start"),
      .next_sync_start = text_of(model, "next_sync_start"),
      .last_sync_finished = text_of(model, "last_sync_finished"),
      .status_reason = text_of(model, "status_reason"),
      .data_fresh_as_of = text_of(model, "data_fresh_as_of"),
      .synced_fields = read_texts(model, "synced_fields", own),
      .unreadable = read_texts(model, "unreadable", own),
  };
  status->status = read_state(model, "status", &status->status_text);
  status->last_sync_result = read_state(model, "last_sync_result", &status->last_sync_result_text);
}

static void read_account(yyjson_val *account, merge_sync_account *to) {
  *to = (merge_sync_account){
      .id = text_of(account, "id"),
      .category = text_of(account, "category"),
      .integration = text_of(account, "integration"),
      .integration_slug = text_of(account, "integration_slug"),
      .end_user_origin_id = text_of(account, "end_user_origin_id"),
      .organization_name = text_of(account, "organization_name"),
      .link_status = text_of(account, "link_status"),
      .account_type = text_of(account, "account_type"),
      .is_duplicate = flag_of(account, "is_duplicate"),
  };
}

static merge_sync_code read_event(yyjson_val *event, owned *own, merge_sync_handling *handling,
                                  merge_sync_error *error) {
  static const char *const names[] = {"linked",        "synced",   "record-changed",
                                      "issue-changed", "unlinked", "ignored"};
  yyjson_val *tag = yyjson_obj_get(event, "tag");
  unsigned index = position(tag, names, 6);
  if (index == 6) return unknown("the event", tag, error);
  yyjson_val *value = yyjson_obj_get(event, "value");
  handling->event = (merge_sync_event)index;
  read_account(yyjson_obj_get(value, "account"), &handling->account);
  handling->account_token = text_of(value, "account_token");
  handling->is_relink = yyjson_get_bool(yyjson_obj_get(value, "is_relink"));
  handling->is_initial_sync = flag_of(value, "is_initial_sync");
  handling->model_id = text_of(value, "model_id");
  handling->record_id = text_of(value, "record_id");
  handling->description = text_of(value, "description");
  handling->reason = text_of(value, "reason");
  size_t at, count;
  yyjson_val *model;
  yyjson_arr_foreach(yyjson_obj_get(value, "models"), at, count, model) {
    read_model(model, own, &own->models[at]);
    handling->model_count = at + 1;
  }
  handling->models = handling->model_count > 0 ? own->models : NULL;
  return MERGE_SYNC_OK;
}

static merge_sync_code read_outcome(yyjson_val *outcome, owned *own, merge_sync_handling *handling,
                                    merge_sync_error *error) {
  static const char *const names[] = {"accepted", "refused", "malformed"};
  yyjson_val *tag = yyjson_obj_get(outcome, "tag");
  unsigned index = position(tag, names, 3);
  if (index == 3) return unknown("the outcome", tag, error);
  handling->outcome = (merge_sync_outcome)index;
  yyjson_val *value = yyjson_obj_get(outcome, "value");
  if (handling->outcome == MERGE_SYNC_OUTCOME_REFUSED) {
    return read_refusal(value, &handling->refusal, error);
  }
  yyjson_val *authentic = yyjson_obj_get(value, "authentic");
  handling->key_index = (uint32_t)yyjson_get_uint(yyjson_obj_get(authentic, "key_index"));
  handling->delivery_id = text_of(authentic, "delivery_id");
  if (handling->outcome == MERGE_SYNC_MALFORMED) {
    handling->problem = text_of(yyjson_obj_get(value, "problem"), "message");
    return MERGE_SYNC_OK;
  }
  handling->name = text_of(value, "name");
  return read_event(yyjson_obj_get(value, "event"), own, handling, error);
}

/* Room for the models of the answer and their texts, before it is known what the answer is. */
static owned *make_room(yyjson_val *root) {
  yyjson_val *accepted = yyjson_obj_get(yyjson_obj_get(root, "outcome"), "value");
  yyjson_val *event = yyjson_obj_get(yyjson_obj_get(accepted, "event"), "value");
  yyjson_val *models = yyjson_obj_get(event, "models");
  size_t at, count, texts = 0;
  yyjson_val *model;
  yyjson_arr_foreach(models, at, count, model) {
    texts += yyjson_arr_size(yyjson_obj_get(model, "synced_fields"));
    texts += yyjson_arr_size(yyjson_obj_get(model, "unreadable"));
  }
  size_t number = yyjson_arr_size(models);
  owned *own =
      malloc(sizeof *own + number * sizeof *own->models + texts * sizeof *own->texts);
  if (own != NULL) own->texts = (merge_sync_text *)(void *)(own->models + number);
  return own;
}

merge_sync_code merge_sync_webhook_handle(merge_sync *instance,
                                          const merge_sync_delivery *delivery,
                                          merge_sync_handling *handling, merge_sync_error *error) {
  merge_sync_code code = check_delivery(instance, delivery, handling, error);
  if (code != MERGE_SYNC_OK) return code;
  memset(handling, 0, sizeof *handling);
  yyjson_doc *document = NULL;
  code = ask(instance, "webhook.handle", delivery, &document, error);
  if (code == MERGE_SYNC_NOT_UTF8 && refused_bytes(delivery, &handling->refusal)) {
    handling->status = 401;
    handling->reply = (merge_sync_text){INVALID_SIGNATURE, strlen(INVALID_SIGNATURE)};
    handling->outcome = MERGE_SYNC_OUTCOME_REFUSED;
    return MERGE_SYNC_OK;
  }
  if (code != MERGE_SYNC_OK) return code;
  yyjson_val *root = yyjson_doc_get_root(document);
  owned *own = make_room(root);
  if (own == NULL) {
    yyjson_doc_free(document);
    return merge_sync_fail(error, MERGE_SYNC_NO_MEMORY, "handling: no memory");
  }
  own->document = document;
  handling->owned = own;
  yyjson_val *reply = yyjson_obj_get(root, "reply");
  handling->status = (uint16_t)yyjson_get_uint(yyjson_obj_get(reply, "status"));
  handling->reply = text_of(reply, "body");
  code = read_outcome(yyjson_obj_get(root, "outcome"), own, handling, error);
  if (code != MERGE_SYNC_OK) merge_sync_handling_free(handling);
  return code;
}

void merge_sync_handling_free(merge_sync_handling *handling) {
  if (handling == NULL) return;
  owned *own = handling->owned;
  if (own != NULL) yyjson_doc_free(own->document);
  free(own);
  memset(handling, 0, sizeof *handling);
}

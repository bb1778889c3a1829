/**
 * @file merge_sync.h
 * The decisions of merge-sync in C: verify a webhook of Merge and learn what it says, judge
 * readiness, choose windows, and the engine step by step.
 *
 * A @ref merge_sync_component is the compiled component. It never changes and may be used by any
 * number of threads at once. A @ref merge_sync is one instance of it and answers one call at a time:
 * give each thread its own. A second thread that calls while the first one's call runs gets
 * @ref MERGE_SYNC_BUSY and no answer.
 *
 * Every function that can fail returns a @ref merge_sync_code and, where it is not
 * @ref MERGE_SYNC_OK, leaves one sentence in `error`, which may be NULL. No sentence holds a key, a
 * token or a body. After any failure the next call works.
 */
#ifndef MERGE_SYNC_H
#define MERGE_SYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The version of this header; the component must have the same. */
#define MERGE_SYNC_VERSION "0.1.0"

/** The bytes that an input, or a body, may have: the component's memory is not endless. */
#define MERGE_SYNC_LARGEST_INPUT ((size_t)1 << 28)

/** What came of a call. */
typedef enum merge_sync_code {
  MERGE_SYNC_OK = 0,
  /** The component refused the input: the sentence names the field at fault. */
  MERGE_SYNC_REFUSED = 1,
  /** An argument is NULL, or longer than @ref MERGE_SYNC_LARGEST_INPUT. */
  MERGE_SYNC_BAD_ARGUMENT = 2,
  /** A text is not UTF-8. Nothing is ever repaired. */
  MERGE_SYNC_NOT_UTF8 = 3,
  /** Another thread is in a call on this object. */
  MERGE_SYNC_BUSY = 4,
  /** The component's file cannot be read. */
  MERGE_SYNC_NO_FILE = 5,
  /** The file is damaged, or is another component. */
  MERGE_SYNC_BAD_COMPONENT = 6,
  /** The component is of another version than this header. */
  MERGE_SYNC_WRONG_VERSION = 7,
  /** The component broke down, as where its memory is used up. */
  MERGE_SYNC_TRAPPED = 8,
  /** The host's memory is used up. */
  MERGE_SYNC_NO_MEMORY = 9
} merge_sync_code;

/** One sentence about a failure, at most 511 bytes and a final zero. */
typedef struct merge_sync_error {
  char message[512];
} merge_sync_error;

/** A text, UTF-8. It may hold zeros; one more stands after its end. `data` NULL: there is none. */
typedef struct merge_sync_text {
  const char *data;
  size_t length;
} merge_sync_text;

/** The component, compiled. */
typedef struct merge_sync_component merge_sync_component;

/** One instance of the component. */
typedef struct merge_sync merge_sync;

/** Read and compile `merge-sync-text.wasm`; takes some tenths of a second. */
merge_sync_code merge_sync_component_open(const char *path, merge_sync_component **component,
                                          merge_sync_error *error);

/** As merge_sync_component_open, from memory, which is not needed afterwards. */
merge_sync_code merge_sync_component_read(const uint8_t *bytes, size_t length,
                                          merge_sync_component **component,
                                          merge_sync_error *error);

/** Let go of the component, also while instances of it are in use. NULL is nothing. */
void merge_sync_component_close(merge_sync_component *component);

/** Make an instance, for one thread at a time; takes some microseconds. */
merge_sync_code merge_sync_open(const merge_sync_component *component, merge_sync **instance,
                                merge_sync_error *error);

/** Let go of an instance; no call may be running. NULL is nothing. */
void merge_sync_close(merge_sync *instance);

/**
 * Call any operation of `wit/json.wit`, for example `window.next`, with a JSON document.
 *
 * `answer` becomes the answer, or with @ref MERGE_SYNC_REFUSED the component's whole sentence; with
 * any other code it becomes empty. Give it to merge_sync_text_free.
 */
merge_sync_code merge_sync_call(merge_sync *instance, const char *operation, const char *input,
                                size_t input_length, merge_sync_text *answer,
                                merge_sync_error *error);

/** Free what merge_sync_call answered. */
void merge_sync_text_free(merge_sync_text *text);

/** What a host received, before anything has looked inside it. */
typedef struct merge_sync_delivery {
  /** The raw body: any bytes, with their number. */
  const void *body;
  size_t body_length;
  /** Every value of the header `X-Merge-Webhook-Signature`, in order. */
  const char *const *signatures;
  size_t signature_count;
  /** The signing keys to try, newest first. */
  const char *const *keys;
  size_t key_count;
} merge_sync_delivery;

/** Why a body was refused. */
typedef enum merge_sync_refusal {
  MERGE_SYNC_MISSING_SIGNATURE,
  MERGE_SYNC_AMBIGUOUS_SIGNATURE,
  MERGE_SYNC_MALFORMED_SIGNATURE,
  /** No key produces this signature, or the body is not UTF-8. */
  MERGE_SYNC_MISMATCH,
  /** The host passed no key, or an empty one. */
  MERGE_SYNC_NO_KEY
} merge_sync_refusal;

/** Whether Merge sent a body. */
typedef struct merge_sync_verdict {
  bool authentic;
  /** Where authentic: the index of the key that matched. */
  uint32_t key_index;
  /** Where authentic: a stable name for this delivery. */
  char delivery_id[64];
  /** Where not: why. */
  merge_sync_refusal refusal;
} merge_sync_verdict;

/** Did Merge send this body? `signature.verify`. Nothing to free. */
merge_sync_code merge_sync_signature_verify(merge_sync *instance,
                                            const merge_sync_delivery *delivery,
                                            merge_sync_verdict *verdict, merge_sync_error *error);

/** True, false, or not said. */
typedef enum merge_sync_flag {
  MERGE_SYNC_NOT_SAID,
  MERGE_SYNC_FALSE,
  MERGE_SYNC_TRUE
} merge_sync_flag;

/** The state of one model's sync. */
typedef enum merge_sync_state {
  MERGE_SYNC_STATE_NOT_SAID,
  MERGE_SYNC_SYNCING,
  MERGE_SYNC_DONE,
  MERGE_SYNC_PARTIALLY_SYNCED,
  MERGE_SYNC_FAILED,
  MERGE_SYNC_DISABLED,
  MERGE_SYNC_PAUSED,
  /** Another one; its text is beside it. */
  MERGE_SYNC_STATE_UNKNOWN
} merge_sync_state;

/** Some texts. */
typedef struct merge_sync_texts {
  /** NULL where there is none. */
  const merge_sync_text *items;
  size_t count;
} merge_sync_texts;

/** What Merge says of one model. Instants are texts as the contract has them, or NULL. */
typedef struct merge_sync_model_status {
  merge_sync_text model_id;
  merge_sync_text model_name;
  merge_sync_state status;
  merge_sync_text status_text;
  merge_sync_flag is_initial_sync;
  merge_sync_text last_sync_start;
  merge_sync_text next_sync_start;
  merge_sync_state last_sync_result;
  merge_sync_text last_sync_result_text;
  merge_sync_text last_sync_finished;
  merge_sync_text status_reason;
  merge_sync_text data_fresh_as_of;
  /** The fields that a partial sync brought, as Merge names them. */
  merge_sync_texts synced_fields;
  /** Fields above that were sent and could not be read, by Merge's names. They count as absent, but
   * not as "there is nothing". */
  merge_sync_texts unreadable;
} merge_sync_model_status;

/** A linked account, as far as the body names it; an empty text is "not said". */
typedef struct merge_sync_account {
  merge_sync_text id;
  merge_sync_text category;
  merge_sync_text integration;
  merge_sync_text integration_slug;
  merge_sync_text end_user_origin_id;
  merge_sync_text organization_name;
  merge_sync_text link_status;
  /** `PRODUCTION` or `TEST`. A test account syncs once, and then only by hand. */
  merge_sync_text account_type;
  /** Whether Merge takes it for a second link of the same customer's system. */
  merge_sync_flag is_duplicate;
} merge_sync_account;

/** What came of a delivery. */
typedef enum merge_sync_outcome {
  MERGE_SYNC_ACCEPTED,
  MERGE_SYNC_OUTCOME_REFUSED,
  /** Authentic, and not a Merge webhook. */
  MERGE_SYNC_MALFORMED
} merge_sync_outcome;

/** What an accepted body says; see `wit/webhook.wit`. */
typedef enum merge_sync_event {
  MERGE_SYNC_LINKED,
  MERGE_SYNC_SYNCED,
  MERGE_SYNC_RECORD_CHANGED,
  MERGE_SYNC_ISSUE_CHANGED,
  MERGE_SYNC_UNLINKED,
  MERGE_SYNC_IGNORED
} merge_sync_event;

/** A delivery, handled. Texts live until merge_sync_handling_free. */
typedef struct merge_sync_handling {
  /** The status to send back, 200, 401 or 500, once the outcome is durable. */
  uint16_t status;
  /** The body to send back, a JSON document. */
  merge_sync_text reply;
  merge_sync_outcome outcome;
  /** Where refused: why. */
  merge_sync_refusal refusal;
  /** Where malformed: what and where. */
  merge_sync_text problem;
  /** Where accepted or malformed. */
  uint32_t key_index;
  merge_sync_text delivery_id;
  /** Where accepted: Merge's name of the event, and what it is; the rest belongs to it. */
  merge_sync_text name;
  merge_sync_event event;
  /** All but `ignored`, and an issue of no account; else its texts are NULL. */
  merge_sync_account account;
  /** `linked`. The token is a secret: keep it, never log it. */
  merge_sync_text account_token;
  bool is_relink;
  /** `synced`. */
  merge_sync_flag is_initial_sync;
  const merge_sync_model_status *models;
  size_t model_count;
  /** `record-changed`. */
  merge_sync_text model_id;
  merge_sync_text record_id;
  /** `issue-changed`. */
  merge_sync_text description;
  /** `ignored`. */
  merge_sync_text reason;
  /** The library's own. */
  void *owned;
} merge_sync_handling;

/** Verify, then parse, then choose the reply. `webhook.handle`. */
merge_sync_code merge_sync_webhook_handle(merge_sync *instance,
                                          const merge_sync_delivery *delivery,
                                          merge_sync_handling *handling, merge_sync_error *error);

/** Free a handling; it may have been freed before, or be all zeros. */
void merge_sync_handling_free(merge_sync_handling *handling);

/** The name of a code, for a log: `busy`. */
const char *merge_sync_code_name(merge_sync_code code);

#ifdef __cplusplus
}
#endif

#endif

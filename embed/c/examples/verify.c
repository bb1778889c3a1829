/* Verifies a webhook read from standard input, and says what it means:
 *
 *     verify merge-sync-text.wasm SIGNATURE < body
 *
 * The signing key is in the environment as MERGE_WEBHOOK_SECRET. Ends with 0 where the body is
 * Merge's, 1 where it is not, 2 where that could not be found out. */
#include <stdio.h>
#include <stdlib.h>

#include "merge_sync.h"

/* Standard input, to its end. */
static char *read_all(size_t *length) {
  size_t room = 0;
  char *bytes = NULL;
  *length = 0;
  do {
    room = room == 0 ? 65536 : room * 2;
    char *larger = realloc(bytes, room);
    if (larger == NULL) {
      free(bytes);
      return NULL;
    }
    bytes = larger;
    *length += fread(bytes + *length, 1, room - *length, stdin);
  } while (*length == room);
  return bytes;
}

static int show(const merge_sync_handling *handling) {
  printf("answer %u %s\n", (unsigned)handling->status, handling->reply.data);
  switch (handling->outcome) {
  case MERGE_SYNC_ACCEPTED:
    printf("authentic: %s of account %s\n", handling->name.data,
           handling->account.id.data == NULL ? "none" : handling->account.id.data);
    for (size_t index = 0; index < handling->model_count; index++) {
      const merge_sync_model_status *model = &handling->models[index];
      printf("  %s finished %s\n", model->model_id.data,
             model->last_sync_finished.data == NULL ? "never" : model->last_sync_finished.data);
    }
    return 0;
  case MERGE_SYNC_MALFORMED:
    printf("authentic, and no webhook: %s\n", handling->problem.data);
    return 0;
  case MERGE_SYNC_OUTCOME_REFUSED:
    printf("not authentic\n");
    return 1;
  }
  return 2;
}

int main(int count, char **arguments) {
  const char *key = getenv("MERGE_WEBHOOK_SECRET");
  if (count != 3 || key == NULL) {
    fprintf(stderr, "usage: MERGE_WEBHOOK_SECRET=... %s merge-sync-text.wasm SIGNATURE < body\n",
            arguments[0]);
    return 2;
  }
  merge_sync_component *component = NULL;
  merge_sync *instance = NULL;
  merge_sync_error error;
  merge_sync_code code = merge_sync_component_open(arguments[1], &component, &error);
  if (code == MERGE_SYNC_OK) code = merge_sync_open(component, &instance, &error);

  int status = 2;
  if (code == MERGE_SYNC_OK) {
    size_t length = 0;
    char *body = read_all(&length);
    const char *signatures[] = {arguments[2]};
    const char *keys[] = {key};
    merge_sync_delivery delivery = {body, length, signatures, 1, keys, 1};
    merge_sync_handling handling;
    code = merge_sync_webhook_handle(instance, &delivery, &handling, &error);
    if (code == MERGE_SYNC_OK) {
      status = show(&handling);
      merge_sync_handling_free(&handling);
    }
    free(body);
  }
  if (code != MERGE_SYNC_OK) fprintf(stderr, "error: %s\n", error.message);
  merge_sync_close(instance);
  merge_sync_component_close(component);
  return status;
}

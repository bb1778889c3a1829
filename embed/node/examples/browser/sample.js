// A webhook of a guide, signed with a key that is nobody's.

const BODY = {
  hook: {
    id: "2fa2b314-33c6-48d5-9eb8-683dc5754429",
    event: "LinkedAccount.sync_completed",
    target: "https://david-merge.requestcatcher.com/",
  },
  linked_account: {
    id: "7841ee0a-5a1a-44db-bc7e-2912d8c17515",
    integration: "Azure DevOps",
    integration_slug: "azure-devops",
    category: "ticketing",
    end_user_origin_id: "TEST_AUM6QPMP",
    end_user_organization_name: "MERGE Test User AUM6QPMP",
    end_user_email_address: "[email protected]",
    status: "COMPLETE",
    webhook_listener_url:
      "https://api.merge.dev/api/integrations/webhook-listener/7hT4V5bFJBeu1fYD5Hy79rT_VCL6qBF7r1mJHGm5BRrNiJlwOEs6dg",
    is_duplicate: null,
    account_type: "TEST",
    completed_at: "2025-11-26T23:54:25.835905Z",
  },
  data: {
    is_initial_sync: true,
    sync_status: {
      "ticketing.TicketingAttachment": {
        last_sync_result: "DONE",
        last_sync_finished: "2025-11-27T00:16:19Z",
      },
      "ticketing.Ticket": {
        last_sync_result: "DONE",
        last_sync_finished: "2025-11-27T00:16:19Z",
      },
      "ticketing.Collection": {
        last_sync_result: "DONE",
        last_sync_finished: "2025-11-27T00:48:01Z",
      },
      "ticketing.Role": {
        last_sync_result: "DONE",
        last_sync_finished: "2025-11-27T00:22:49Z",
      },
      "ticketing.User": {
        last_sync_result: "DONE",
        last_sync_finished: "2025-11-27T00:22:49Z",
      },
      "ticketing.TicketingTeam": {
        last_sync_result: "DONE",
        last_sync_finished: "2025-11-27T00:22:49Z",
      },
    },
  },
};

export const SAMPLE = {
  body: JSON.stringify(BODY, null, 2),
  signature: "LWCf4vQkvp2ZnWz_4AyTX-_tOCCj5OF7HNBKCqXnXyM",
  key: "example_signature_key_not_a_real_secret",
};

// A webhook of a guide, signed with a key that is nobody's.

const BODY = {
  hook: {
    id: "2fa2b314-33c6-48d5-9eb8-683dc5754429",
    event: "LinkedAccount.sync_completed",
    target: "https://app.example.test/webhooks/merge",
  },
  linked_account: {
    id: "7841ee0a-5a1a-44db-bc7e-2912d8c17515",
    integration: "Azure DevOps",
    integration_slug: "azure-devops",
    category: "ticketing",
    end_user_origin_id: "org_123_ticketing",
    end_user_organization_name: "Example Org",
    end_user_email_address: "admin@example.test",
    status: "COMPLETE",
    webhook_listener_url: "https://api.merge.dev/api/integrations/webhook-listener/EXAMPLE",
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
  signature: "BfdtVuEd-cJ3pb6gUs8QsdN8hF54cPwd-6kLRPK3jSg",
  key: "example_signature_key_not_a_real_secret",
};

//! The table of Merge's common models: ids as Merge's payloads have them, and endpoint names.
//!
//! Paths are those of Merge's published clients, except for `mktg`, which has none. Ids of
//! `chat`, `calendar` and `email` have been seen nowhere: they are derived from the paths.

/// A common model.
#[derive(Debug)]
pub struct Model {
    /// `<category>.<Model>`.
    pub id: &'static str,
    /// How its records are read.
    pub reading: Reading,
}

/// How a model's records are read. The text is the last part of the path.
#[derive(Debug)]
pub enum Reading {
    /// From a list that knows `modified_after`.
    Filtered(&'static str),
    /// As `Filtered`; its records have no id of Merge's, and `remote_id` and `name` together are
    /// their key.
    Nameless(&'static str),
    /// As `Filtered`; records that were cancelled are sent where they are asked for.
    Cancellable(&'static str),
    /// From a list that does not.
    Whole(&'static str),
    /// From no list of their own: parts of other records, one at a time, or by parent.
    Nowhere,
}

use Reading::{Cancellable, Filtered, Nameless, Nowhere, Whole};

/// Sorted by id, byte by byte.
pub const MODELS: &[Model] = &[
    model("accounting.Account", Filtered("accounts")),
    model("accounting.AccountingAttachment", Filtered("attachments")),
    model("accounting.AccountingEmployee", Filtered("employees")),
    model("accounting.AccountingPeriod", Whole("accounting-periods")),
    model("accounting.AccountingPhoneNumber", Nowhere),
    model("accounting.AccountingTransaction", Filtered("transactions")),
    model("accounting.Address", Nowhere),
    model("accounting.BalanceSheet", Filtered("balance-sheets")),
    model("accounting.BankFeedAccount", Whole("bank-feed-accounts")),
    model(
        "accounting.BankFeedTransaction",
        Filtered("bank-feed-transactions"),
    ),
    model(
        "accounting.CashFlowStatement",
        Filtered("cash-flow-statements"),
    ),
    model("accounting.CompanyInfo", Filtered("company-info")),
    model("accounting.Contact", Filtered("contacts")),
    model("accounting.CreditNote", Filtered("credit-notes")),
    model("accounting.Expense", Filtered("expenses")),
    model("accounting.ExpenseLine", Nowhere),
    model("accounting.ExpenseReport", Filtered("expense-reports")),
    model("accounting.ExpenseReportLine", Nowhere),
    model(
        "accounting.GeneralLedgerTransaction",
        Filtered("general-ledger-transactions"),
    ),
    model("accounting.IncomeStatement", Filtered("income-statements")),
    model("accounting.Invoice", Filtered("invoices")),
    model("accounting.InvoiceLineItem", Nowhere),
    model("accounting.Item", Filtered("items")),
    model("accounting.ItemFulfillment", Whole("item-fulfillments")),
    model("accounting.JournalEntry", Filtered("journal-entries")),
    model("accounting.JournalLine", Nowhere),
    model("accounting.Payment", Filtered("payments")),
    model("accounting.PaymentMethod", Whole("payment-methods")),
    model("accounting.PaymentTerm", Whole("payment-terms")),
    model("accounting.Project", Filtered("projects")),
    model("accounting.PurchaseOrder", Filtered("purchase-orders")),
    model("accounting.PurchaseOrderLineItem", Nowhere),
    model("accounting.ReportItem", Nowhere),
    model("accounting.SalesOrder", Filtered("sales-orders")),
    model("accounting.TaxRate", Filtered("tax-rates")),
    model(
        "accounting.TrackingCategory",
        Filtered("tracking-categories"),
    ),
    model("accounting.VendorCredit", Filtered("vendor-credits")),
    model("ats.Activity", Filtered("activities")),
    model("ats.Application", Filtered("applications")),
    model("ats.Assessment", Whole("assessments")),
    model("ats.AssessmentTemplate", Whole("assessment-templates")),
    model("ats.Attachment", Filtered("attachments")),
    model("ats.Candidate", Filtered("candidates")),
    model("ats.Department", Filtered("departments")),
    model("ats.EEOC", Filtered("eeocs")),
    model("ats.EmailAddress", Nowhere),
    model("ats.Job", Filtered("jobs")),
    model("ats.JobInterviewStage", Filtered("job-interview-stages")),
    model("ats.JobPosting", Filtered("job-postings")),
    model("ats.Offer", Filtered("offers")),
    model("ats.Office", Filtered("offices")),
    model("ats.PhoneNumber", Nowhere),
    model("ats.RejectReason", Filtered("reject-reasons")),
    model("ats.RemoteUser", Filtered("users")),
    model("ats.ScheduledInterview", Filtered("interviews")),
    model("ats.Scorecard", Filtered("scorecards")),
    model("ats.ScreeningQuestion", Nowhere),
    model("ats.Tag", Nameless("tags")),
    model("ats.Url", Nowhere),
    model("calendar.Calendar", Filtered("calendars")),
    model("calendar.Event", Cancellable("events")),
    model("calendar.Group", Filtered("groups")),
    model("calendar.Invitee", Nowhere),
    model("calendar.Location", Nowhere),
    model("calendar.Series", Filtered("series")),
    model("calendar.User", Filtered("users")),
    model("chat.Conversation", Filtered("conversations")),
    model("chat.Group", Filtered("groups")),
    model("chat.Member", Nowhere),
    model("chat.Message", Filtered("messages")),
    model("chat.Reply", Nowhere),
    model("chat.User", Filtered("users")),
    model("crm.Association", Nowhere),
    model("crm.AssociationType", Nowhere),
    model("crm.CRMAccount", Filtered("accounts")),
    model("crm.CRMContact", Filtered("contacts")),
    model("crm.CRMUser", Filtered("users")),
    model("crm.CustomObject", Nowhere),
    model("crm.CustomObjectClass", Filtered("custom-object-classes")),
    model("crm.Engagement", Filtered("engagements")),
    model("crm.EngagementType", Filtered("engagement-types")),
    model("crm.Lead", Filtered("leads")),
    model("crm.Note", Filtered("notes")),
    model("crm.Opportunity", Filtered("opportunities")),
    model("crm.Stage", Filtered("stages")),
    model("crm.Task", Filtered("tasks")),
    model("email.EmailAddress", Filtered("email-addresses")),
    model("email.Folder", Filtered("folders")),
    model("email.Group", Filtered("groups")),
    model("email.Mailbox", Filtered("mailboxes")),
    model("email.Message", Filtered("messages")),
    model("email.User", Filtered("users")),
    model("filestorage.FileStorageDrive", Filtered("drives")),
    model("filestorage.FileStorageFile", Filtered("files")),
    model("filestorage.FileStorageFolder", Filtered("folders")),
    model("filestorage.FileStorageGroup", Filtered("groups")),
    model("filestorage.FileStorageUser", Filtered("users")),
    model("hris.BankInfo", Filtered("bank-info")),
    model("hris.Benefit", Filtered("benefits")),
    model("hris.Company", Filtered("companies")),
    model("hris.Deduction", Nowhere),
    model("hris.Dependent", Filtered("dependents")),
    model("hris.Employee", Filtered("employees")),
    model("hris.EmployeePayrollRun", Filtered("employee-payroll-runs")),
    model("hris.EmployerBenefit", Filtered("employer-benefits")),
    model("hris.Employment", Filtered("employments")),
    model("hris.Group", Filtered("groups")),
    model("hris.Location", Filtered("locations")),
    model("hris.PayGroup", Filtered("pay-groups")),
    model("hris.PayrollRun", Filtered("payroll-runs")),
    model("hris.Team", Filtered("teams")),
    model("hris.TimeOff", Filtered("time-off")),
    model("hris.TimeOffBalance", Filtered("time-off-balances")),
    model("hris.TimesheetEntry", Filtered("timesheet-entries")),
    model("knowledgebase.KnowledgeBaseArticle", Filtered("articles")),
    model(
        "knowledgebase.KnowledgeBaseAttachment",
        Filtered("attachments"),
    ),
    model(
        "knowledgebase.KnowledgeBaseContainer",
        Filtered("containers"),
    ),
    model("knowledgebase.KnowledgeBaseGroup", Filtered("groups")),
    model("knowledgebase.KnowledgeBaseUser", Filtered("users")),
    model("mktg.MKTGAction", Filtered("actions")),
    model("mktg.MKTGAutomation", Filtered("automations")),
    model("mktg.MKTGCampaign", Filtered("campaigns")),
    model("mktg.MKTGContact", Filtered("contacts")),
    model("mktg.MKTGEvent", Filtered("events")),
    model("mktg.MKTGList", Filtered("lists")),
    model("mktg.MKTGMarketingEmail", Filtered("emails")),
    model("mktg.MKTGMessage", Filtered("messages")),
    model("mktg.MKTGTemplate", Filtered("templates")),
    model("mktg.MKTGUser", Filtered("users")),
    model("ticketing.Collection", Filtered("collections")),
    model("ticketing.Comment", Filtered("comments")),
    model("ticketing.Project", Filtered("projects")),
    model("ticketing.Role", Filtered("roles")),
    model("ticketing.Ticket", Filtered("tickets")),
    model("ticketing.TicketingAccount", Filtered("accounts")),
    model("ticketing.TicketingAttachment", Filtered("attachments")),
    model("ticketing.TicketingContact", Filtered("contacts")),
    model("ticketing.TicketingTag", Filtered("tags")),
    model("ticketing.TicketingTeam", Filtered("teams")),
    model("ticketing.TicketingViewer", Nowhere),
    model("ticketing.User", Filtered("users")),
];

const fn model(id: &'static str, reading: Reading) -> Model {
    Model { id, reading }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_names_each_model_once() {
        assert!(MODELS.is_sorted_by(|one, next| one.id < next.id));
    }

    #[test]
    fn every_id_has_a_category_and_every_endpoint_a_name() {
        for Model { id, reading } in MODELS {
            let (category, name) = id.split_once('.').expect(id);
            assert!(
                category.bytes().all(|byte| byte.is_ascii_lowercase()),
                "{id}"
            );
            assert!(
                name.starts_with(|first: char| first.is_ascii_uppercase()),
                "{id}"
            );
            match reading {
                Filtered(path) | Nameless(path) | Cancellable(path) | Whole(path) => {
                    let fits = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
                    assert!(!path.is_empty() && path.bytes().all(fits), "{id}");
                }
                Nowhere => {}
            }
        }
    }

    #[test]
    fn no_endpoint_is_read_for_two_models() {
        let mut paths: alloc::vec::Vec<_> = MODELS
            .iter()
            .filter_map(|model| match model.reading {
                Filtered(path) | Nameless(path) | Cancellable(path) | Whole(path) => {
                    Some((model.id.split_once('.')?.0, path))
                }
                Nowhere => None,
            })
            .collect();
        let listed = paths.len();
        paths.sort_unstable();
        paths.dedup();
        assert_eq!(paths.len(), listed);
    }
}

//! Models of the `filestorage` category.

use super::Kind::{Choice, Count, Date, Email, Flag, Full, Line, Prose, Ref, Refs, Updated, Url};
use super::ModelSpec;

pub(super) const MODELS: &[ModelSpec] = &[
    ModelSpec {
        id: "filestorage.FileStorageFile",
        name: "File",
        path: Some("files"),
        weight: 700,
        every: 1,
        fields: &[
            ("name", Line),
            ("file_url", Url),
            ("file_thumbnail_url", Url),
            ("size", Count),
            (
                "mime_type",
                Choice(&["application/pdf", "image/png", "text/plain"]),
            ),
            ("description", Prose),
            ("folder", Ref("filestorage.FileStorageFolder")),
            ("drive", Ref("filestorage.FileStorageDrive")),
            ("remote_created_at", Date),
            ("remote_updated_at", Updated),
        ],
    },
    ModelSpec {
        id: "filestorage.FileStorageFolder",
        name: "Folder",
        path: Some("folders"),
        weight: 160,
        every: 1,
        fields: &[
            ("name", Line),
            ("folder_url", Url),
            ("size", Count),
            ("description", Prose),
            ("parent_folder", Ref("filestorage.FileStorageFolder")),
            ("drive", Ref("filestorage.FileStorageDrive")),
            ("remote_created_at", Date),
            ("remote_updated_at", Updated),
        ],
    },
    ModelSpec {
        id: "filestorage.FileStorageDrive",
        name: "Drive",
        path: Some("drives"),
        weight: 6,
        every: 2,
        fields: &[
            ("name", Line),
            ("remote_created_at", Date),
            ("drive_url", Url),
        ],
    },
    ModelSpec {
        id: "filestorage.FileStorageGroup",
        name: "Group",
        path: Some("groups"),
        weight: 20,
        every: 2,
        fields: &[
            ("name", Line),
            ("users", Refs("filestorage.FileStorageUser")),
        ],
    },
    ModelSpec {
        id: "filestorage.FileStorageUser",
        name: "User",
        path: Some("users"),
        weight: 80,
        every: 1,
        fields: &[("name", Full), ("email_address", Email), ("is_me", Flag)],
    },
];

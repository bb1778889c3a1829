//! The clock of a rehearsal: whose time it shows, and when its scheduler says that it rests.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use merge_sync_host::clock::Clock as _;
use merge_sync_host::rehearsal::Rehearsal;

/// Whatever does not happen by then never does.
const DEADLINE: Duration = Duration::from_secs(30);

/// The other side: it answers each question for the time with the next of `times`, and then goes.
struct Owner {
    address: SocketAddr,
    /// Who asked.
    asked: JoinHandle<Vec<String>>,
    /// The process's second connection.
    rests: Receiver<TcpStream>,
}

fn owner(times: &'static [i64]) -> Owner {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let address = listener.local_addr().expect("an address");
    let (send, rests) = channel();
    let asked = std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("the clock connects");
        let mut lines = BufReader::new(stream.try_clone().expect("a stream")).lines();
        let mut stream = stream;
        let hello = lines.next().expect("a line").expect("a line");
        assert_eq!(hello, format!("clock {}", std::process::id()));
        let mut asked = Vec::new();
        for (nth, time) in times.iter().enumerate() {
            asked.push(lines.next().expect("a question").expect("a line"));
            writeln!(stream, "{time}").expect("an answer");
            if nth == 0 {
                let (rests, _) = listener.accept().expect("the scheduler connects");
                send.send(rests).expect("a test");
            }
        }
        asked
    });
    Owner {
        address,
        asked,
        rests,
    }
}

/// The next line of a connection.
fn line(lines: &mut BufReader<TcpStream>) -> String {
    let mut line = String::new();
    lines.read_line(&mut line).expect("a line");
    line
}

#[tokio::test(flavor = "multi_thread")]
async fn every_look_at_the_clock_asks_its_owner() {
    let owner = owner(&[5, 7, -9]);
    let clock = Rehearsal::join(owner.address).await.expect("a rehearsal");
    assert_eq!(clock.now(), 7);
    let writer = std::thread::Builder::new().name("store".to_owned());
    let from_writer = {
        let clock = clock.clone();
        writer.spawn(move || clock.now()).expect("a thread").join()
    };
    assert_eq!(from_writer.expect("a time"), -9);
    let asked = owner.asked.join().expect("an owner");
    assert_eq!(asked.last().map(String::as_str), Some("store"));
    // The owner has gone: the time stands.
    assert_eq!(clock.now(), -9);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduler_says_that_it_rests_only_after_it_looked_again() {
    let owner = owner(&[5]);
    let clock = Rehearsal::join(owner.address).await.expect("a rehearsal");
    let rests = owner.rests.recv_timeout(DEADLINE).expect("a connection");
    rests.set_read_timeout(Some(DEADLINE)).expect("a time-out");
    let mut write = rests.try_clone().expect("a stream");
    let mut lines = BufReader::new(rests);
    assert_eq!(line(&mut lines), format!("rest {}\n", std::process::id()));

    let first = clock.rest(Some(30), 2);
    assert_eq!(
        line(&mut lines),
        "{\"seen\":0,\"running\":2,\"until\":30}\n"
    );
    writeln!(write, "1").expect("it listens");
    let woken = tokio::time::timeout(DEADLINE, first).await;
    woken.expect("a number wakes it");
    // It may have looked before the number came. It says nothing, and is to look once more.
    let again = tokio::time::timeout(DEADLINE, clock.rest(Some(30), 0)).await;
    again.expect("at once");
    let _rest = clock.rest(None, 0);
    assert_eq!(
        line(&mut lines),
        "{\"seen\":1,\"running\":0,\"until\":null}\n"
    );

    drop((write, lines));
    let over = tokio::time::timeout(DEADLINE, clock.over()).await;
    over.expect("the rehearsal has ended");
}

#[tokio::test]
async fn where_nothing_answers_there_is_no_rehearsal() {
    let gone = {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        listener.local_addr().expect("an address")
    };
    let error = Rehearsal::join(gone).await.expect_err("nobody is there");
    let told = format!("{error:#}");
    assert!(
        told.starts_with(&format!(
            "rehearsal: nothing fit for one answers on `{gone}`: "
        )),
        "{told}"
    );
}

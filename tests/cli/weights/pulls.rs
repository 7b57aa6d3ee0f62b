//! Pulling from servers that are good, broken, forgetful or lying; all on this machine.

use std::{
    fs::{self, File},
    path::PathBuf,
};

use engine::weights::{
    Architecture, Content, Digest, Entry, Progress, PullError, State, Store, StoreError,
};
use tempfile::TempDir;

use super::server::{Server, broken, full, part};

/// The file that is served: 200 000 bytes, more than one read.
fn body() -> Vec<u8> {
    (0..200_000_u32).flat_map(|i| [(i % 251) as u8]).collect()
}

/// A store in a folder of its own, and a model served at `addresses`.
fn model(addresses: &[&Server]) -> (TempDir, Store, Entry) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = Store::new(Some(folder.path().join("models")));
    let original = folder.path().join("original");
    fs::write(&original, body()).expect("the folder is writable");
    let entry = Entry {
        name: "net".to_owned(),
        title: "Net".to_owned(),
        architecture: Architecture::MobileSam,
        file: Some("net.pt".to_owned()),
        content: Some(Content {
            bytes: body().len() as u64,
            sha256: Digest::of_file(&original).expect("just written"),
        }),
        licence: "MIT".to_owned(),
        homepage: "https://example.org".to_owned(),
        urls: addresses.iter().map(|server| server.address()).collect(),
        wheel: None,
    };
    (folder, store, entry)
}

fn file(store: &Store) -> PathBuf {
    store.folder().join("net.pt")
}

fn partial(store: &Store) -> PathBuf {
    store.folder().join("net.pt.part")
}

/// Pulls, expecting success; the file is then complete and nothing else is left.
fn pull(store: &Store, entry: &Entry) {
    let located = store.pull(entry, &mut |_| {}).expect("the pull succeeds");
    let file = located.clone().expect("it needs a file");
    assert_eq!(fs::read(&file.path).expect("it is there"), body());
    assert_eq!(store.locate(entry).expect("it is right"), located);
    assert!(!partial(store).exists());
}

/// Pulls, expecting that no source gives the file; returns the message.
fn refuse(store: &Store, entry: &Entry) -> String {
    let error = store.pull(entry, &mut |_| {}).expect_err("the pull fails");
    assert!(matches!(error, PullError::NoSource { .. }), "{error}");
    assert_eq!(store.state(entry), State::Absent);
    error.to_string()
}

#[test]
fn a_whole_download_is_installed_once() {
    let server = Server::start(vec![full(&body())]);
    let (_folder, store, entry) = model(&[&server]);
    assert_eq!(store.state(&entry), State::Absent);
    assert!(matches!(
        store.locate(&entry),
        Err(StoreError::Absent { .. })
    ));

    let mut received = vec![0];
    store
        .pull(&entry, &mut |progress| {
            if let Progress::Received { bytes, total } = progress {
                assert_eq!(total, 200_000);
                received.push(bytes);
            }
        })
        .expect("the pull succeeds");
    assert!(received.is_sorted() && received.last() == Some(&200_000));
    // The server has nothing more to say: the second pull must not ask.
    pull(&store, &entry);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_broken_download_is_resumed() {
    let server = Server::start(vec![broken(&body(), 90_000), part(&body(), 90_000, 90_000)]);
    let (_folder, store, entry) = model(&[&server]);
    let message = refuse(&store, &entry);
    assert!(message.contains("90000 of 200000"), "{message}");
    let left = fs::metadata(partial(&store)).expect("kept for the next pull");
    assert_eq!(left.len(), 90_000);
    pull(&store, &entry);
    let requests = server.requests();
    assert!(!requests[0].contains("range:"), "{}", requests[0]);
    assert!(
        requests[1].contains("range: bytes=90000-\r\n"),
        "{}",
        requests[1]
    );
}

#[test]
fn a_server_that_cannot_resume_starts_again() {
    let server = Server::start(vec![broken(&body(), 90_000), full(&body())]);
    let (_folder, store, entry) = model(&[&server]);
    refuse(&store, &entry);
    pull(&store, &entry);
}

#[test]
fn the_start_of_another_file_is_dropped() {
    let server = Server::start(vec![part(&body(), 50_000, 50_000), full(&body())]);
    let (_folder, store, entry) = model(&[&server]);
    fs::create_dir(store.folder()).expect("the folder is writable");
    fs::write(partial(&store), vec![7; 50_000]).expect("the folder is writable");
    pull(&store, &entry);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn an_overlong_partial_file_is_dropped() {
    let server = Server::start(vec![full(&body())]);
    let (_folder, store, entry) = model(&[&server]);
    fs::create_dir(store.folder()).expect("the folder is writable");
    fs::write(partial(&store), vec![7; 300_000]).expect("the folder is writable");
    pull(&store, &entry);
}

#[test]
fn a_part_from_elsewhere_is_refused() {
    let server = Server::start(vec![broken(&body(), 90_000), part(&body(), 90_000, 0)]);
    let (_folder, store, entry) = model(&[&server]);
    refuse(&store, &entry);
    let message = refuse(&store, &entry);
    assert!(message.contains("bytes 90000-"), "{message}");
}

#[test]
fn a_wrong_file_is_never_installed() {
    let mut wrong = body();
    wrong[100_000] ^= 1;
    let server = Server::start(vec![full(&wrong)]);
    let (_folder, store, entry) = model(&[&server]);
    let message = refuse(&store, &entry);
    assert!(message.contains("its sha256 is"), "{message}");
    assert!(!partial(&store).exists(), "it could never become right");
}

#[test]
fn an_endless_file_is_cut_off() {
    let mut long = body();
    long.resize(2_000_000, 0);
    let server = Server::start(vec![full(&long)]);
    let (_folder, store, entry) = model(&[&server]);
    let message = refuse(&store, &entry);
    assert!(
        message.contains("more than the expected 200000"),
        "{message}"
    );
}

#[test]
fn the_next_source_is_asked() {
    let gone = Server::start(vec![
        b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_vec(),
    ]);
    let good = Server::start(vec![full(&body())]);
    let (_folder, store, entry) = model(&[&gone, &good]);
    let mut failed = Vec::new();
    store
        .pull(&entry, &mut |progress| {
            if let Progress::Failed { attempt } = progress {
                failed.push(attempt.clone());
            }
        })
        .expect("the second source is good");
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].source, gone.address());
    assert!(failed[0].reason.contains("404"), "{}", failed[0].reason);
}

#[test]
fn no_source_says_how_to_place_the_file() {
    let gone = Server::start(Vec::new());
    let (_folder, store, entry) = model(&[&gone]);
    let message = refuse(&store, &entry);
    let content = entry.content.expect("set above").to_string();
    let path = file(&store).display().to_string();
    for expected in [&gone.address(), &content, &path] {
        assert!(message.contains(expected.as_str()), "{message}");
    }
}

#[test]
fn a_damaged_file_is_named_and_replaced() {
    let server = Server::start(vec![full(&body())]);
    let (_folder, store, entry) = model(&[&server]);
    fs::create_dir(store.folder()).expect("the folder is writable");
    fs::write(file(&store), &body()[..1000]).expect("the folder is writable");
    assert!(matches!(
        store.state(&entry),
        State::Damaged { bytes: 1000, .. }
    ));

    // A flipped bit does not change the size: only reading the file tells.
    let mut flipped = body();
    flipped[5] ^= 1;
    fs::write(file(&store), flipped).expect("the folder is writable");
    assert!(matches!(store.state(&entry), State::Installed { .. }));
    let error = store.locate(&entry).expect_err("it is damaged");
    assert!(matches!(error, StoreError::Damaged { .. }));
    assert!(
        error.to_string().contains("engine models pull net"),
        "{error}"
    );
    pull(&store, &entry);
}

#[test]
fn what_cannot_be_checked_is_not_downloaded() {
    let server = Server::start(vec![full(&body())]);
    let (_folder, store, mut entry) = model(&[&server]);
    entry.content = None;
    let error = store
        .pull(&entry, &mut |_| {})
        .expect_err("nothing to check");
    assert!(matches!(error, PullError::Unchecked { .. }), "{error}");
    assert!(server.requests().is_empty());
    // Placed by hand it is used as it is.
    fs::create_dir(store.folder()).expect("the folder is writable");
    fs::write(file(&store), b"any").expect("the folder is writable");
    assert!(store.locate(&entry).is_ok() && store.pull(&entry, &mut |_| {}).is_ok());
}

#[test]
fn folders_that_cannot_be_written_end_the_pull() {
    let (folder, _, entry) = model(&[]);
    let store = Store::new(Some(folder.path().join("original")));
    let error = store.pull(&entry, &mut |_| {}).expect_err("that is a file");
    assert!(matches!(error, PullError::Write { .. }), "{error}");
    assert!(error.to_string().contains("original"), "{error}");
}

#[test]
fn two_pulls_do_not_write_one_file() {
    let (_folder, store, entry) = model(&[]);
    fs::create_dir(store.folder()).expect("the folder is writable");
    let other = File::create(partial(&store)).expect("the folder is writable");
    other.lock().expect("local files have locks");
    let error = store.pull(&entry, &mut |_| {}).expect_err("it is locked");
    assert!(matches!(error, PullError::Busy { .. }), "{error}");
    assert!(partial(&store).exists(), "it belongs to the other pull");
}

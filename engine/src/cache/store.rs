//! Bytes by the hash of what they were made of. See [`EmbeddingCache`].

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

/// What a file begins with; another layout gets another.
const MAGIC: &[u8; 8] = b"ENGEMB01";

/// Bytes before the content: the magic, and BLAKE3 of the content.
const HEADER: usize = 8 + 32;

/// Beginning of the names of files being written.
const TEMPORARY: &str = ".writing-";

/// After this time a file being written was left by a process that was killed.
const ABANDONED: Duration = Duration::from_hours(24);

/// Identifies an entry: a hash of all that it was made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// Takes a hash as key.
    pub fn new(hash: blake3::Hash) -> Self {
        Self(hash.to_hex().to_string())
    }
}

/// A folder of entries, each a file with a checksum. What was used least recently makes way for new
/// ones when the folder grows beyond its limit.
///
/// Any number of processes may share a folder: an entry appears whole or not at all, and one that
/// vanishes meanwhile, or was damaged, is as one that never was. Each process looks at the folder's
/// size after writing a thirty-second of the limit, so it may be exceeded by that much for each.
#[derive(Debug)]
pub struct EmbeddingCache {
    folder: PathBuf,
    limit: u64,
    /// Bytes in the folder, and of them those written here since the last look.
    size: Mutex<(u64, u64)>,
    has_complained: AtomicBool,
    hits: AtomicUsize,
    misses: AtomicUsize,
}

/// The folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot keep embeddings in {}: {source}; name another folder with --cache", .folder.display())]
pub struct CacheError {
    /// The folder.
    pub folder: PathBuf,
    /// What the system says.
    pub source: io::Error,
}

impl EmbeddingCache {
    /// Opens a folder, made if it is not there, that may hold `limit` bytes.
    ///
    /// # Errors
    /// The folder cannot be made or listed.
    pub fn open(folder: &Path, limit: u64) -> Result<Self, CacheError> {
        let failed = |source| CacheError {
            folder: folder.to_owned(),
            source,
        };
        fs::create_dir_all(folder).map_err(failed)?;
        let cache = Self {
            folder: folder.to_owned(),
            limit,
            size: Mutex::default(),
            has_complained: AtomicBool::new(false),
            hits: AtomicUsize::new(0),
            misses: AtomicUsize::new(0),
        };
        let size = cache.evict().map_err(failed)?;
        *cache.size.lock().unwrap_or_else(PoisonError::into_inner) = (size, 0);
        Ok(cache)
    }

    /// Returns how many entries were found, and how many were not.
    pub fn hits_and_misses(&self) -> (usize, usize) {
        let count = |number: &AtomicUsize| number.load(Ordering::Relaxed);
        (count(&self.hits), count(&self.misses))
    }

    /// Returns an entry's content, if it is there and whole. A damaged one is removed.
    pub fn get(&self, key: &Key) -> Option<Vec<u8>> {
        let path = self.path(key);
        let found = self.read(&path);
        if let Err(error) = &found
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!("{}: {error}; it is computed again", path.display());
            // If it cannot be removed, it is replaced.
            _ = fs::remove_file(&path);
        }
        let count = if found.is_ok() {
            &self.hits
        } else {
            &self.misses
        };
        count.fetch_add(1, Ordering::Relaxed);
        found.ok()
    }

    /// Keeps a content. A failure costs only the time to compute it again; the first one is told.
    pub fn put(&self, key: &Key, content: &[u8]) {
        let bytes = (HEADER + content.len()) as u64;
        if bytes > self.limit {
            return;
        }
        let kept = self.write(key, content).and_then(|()| self.grow(bytes));
        if let Err(error) = kept
            && !self.has_complained.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(
                "{} does not take embeddings: {error}",
                self.folder.display()
            );
        }
    }

    fn path(&self, key: &Key) -> PathBuf {
        // Folders of some thousand files stay quick.
        self.folder.join(&key.0[..2]).join(&key.0)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let damaged = |what| io::Error::new(io::ErrorKind::InvalidData, what);
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() || metadata.len() > self.limit {
            return Err(damaged("this is no embedding"));
        }
        let mut content = Vec::new();
        (&file).take(metadata.len()).read_to_end(&mut content)?;
        let header = content
            .split_at_checked(HEADER)
            .ok_or(damaged("the embedding is cut off"))?;
        let (magic, hash) = header.0.split_at(MAGIC.len());
        if magic != MAGIC || hash != blake3::hash(header.1).as_bytes() {
            return Err(damaged("the embedding is damaged"));
        }
        content.drain(..HEADER);
        // The time of last use. Where it cannot be set, the time of writing serves.
        _ = file.set_modified(SystemTime::now());
        Ok(content)
    }

    fn write(&self, key: &Key, content: &[u8]) -> io::Result<()> {
        let path = self.path(key);
        let folder = path.parent().unwrap_or(&self.folder);
        fs::create_dir_all(folder)?;
        let mut file = tempfile::Builder::new()
            .prefix(TEMPORARY)
            .tempfile_in(folder)?;
        file.write_all(MAGIC)?;
        file.write_all(blake3::hash(content).as_bytes())?;
        file.write_all(content)?;
        file.persist(&path)?;
        Ok(())
    }

    /// Notes what was written; makes room if it is due.
    fn grow(&self, bytes: u64) -> io::Result<()> {
        let mut size = self.size.lock().unwrap_or_else(PoisonError::into_inner);
        size.0 += bytes;
        size.1 += bytes;
        if size.0 > self.limit || size.1 > self.limit / 32 {
            *size = (self.evict()?, 0);
        }
        Ok(())
    }

    /// Removes what was used least recently until a tenth of the limit is free again, if the limit
    /// is exceeded; returns the bytes that are left.
    fn evict(&self) -> io::Result<u64> {
        let mut entries = Vec::new();
        for folder in fs::read_dir(&self.folder)? {
            let folder = folder?;
            // Nothing but what is ours is looked at, nor removed.
            let is_ours = folder.file_name().len() == 2 && folder.file_type()?.is_dir();
            if is_ours {
                list(&folder.path(), &mut entries)?;
            }
        }
        let mut size: u64 = entries.iter().map(|(_, bytes, _)| bytes).sum();
        if size > self.limit {
            entries.sort();
            for (_, bytes, path) in entries {
                if size <= self.limit / 10 * 9 {
                    break;
                }
                // Another process may have been faster.
                _ = fs::remove_file(path);
                size -= bytes;
            }
        }
        Ok(size)
    }
}

/// Adds the entries of a folder, each with its last use and its size.
fn list(folder: &Path, entries: &mut Vec<(SystemTime, u64, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // Removed meanwhile by another process.
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        let used = metadata.modified()?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(TEMPORARY) {
            // Also one of a day that a clock which was wrong took for today.
            let apart = used.elapsed().unwrap_or_else(|ahead| ahead.duration());
            if apart > ABANDONED {
                _ = fs::remove_file(entry.path());
            }
        } else if name.len() == 64 && metadata.is_file() {
            entries.push((used, metadata.len(), entry.path()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(number: u32) -> Key {
        Key::new(blake3::hash(&number.to_le_bytes()))
    }

    fn cache(folder: &Path, limit: u64) -> EmbeddingCache {
        EmbeddingCache::open(folder, limit).expect("writable")
    }

    #[test]
    fn what_is_kept_is_found_by_others_too() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cache_1 = cache(folder.path(), 1 << 20);
        assert_eq!(cache_1.get(&key(1)), None);
        cache_1.put(&key(1), b"content");
        let cache_2 = cache(folder.path(), 1 << 20);
        assert_eq!(cache_2.get(&key(1)).as_deref(), Some(&b"content"[..]));
        assert_eq!(cache_2.get(&key(2)), None);
        assert_eq!(cache_2.hits_and_misses(), (1, 1));
    }

    #[test]
    fn the_least_recently_used_make_way() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let content = [7; 1000];
        let cache = cache(folder.path(), 10 * (1000 + HEADER as u64));
        let age = |number: u32, seconds: u64| {
            let file = File::options().write(true).open(cache.path(&key(number)));
            let then = SystemTime::now() - Duration::from_secs(seconds);
            file.and_then(|file| file.set_modified(then)).expect("ours");
        };
        for number in 0..10 {
            cache.put(&key(number), &content);
            age(number, 1000 - u64::from(number));
        }
        assert!(
            cache.get(&key(0)).is_some(),
            "used, so it is the youngest now"
        );
        fs::write(folder.path().join("notes.txt"), "mine").expect("writable");
        cache.put(&key(10), &content);
        let there: Vec<_> = (0..11).filter(|&n| cache.get(&key(n)).is_some()).collect();
        assert_eq!(there, [0, 3, 4, 5, 6, 7, 8, 9, 10]);
        assert!(folder.path().join("notes.txt").exists(), "not ours");
    }

    #[test]
    fn clocks_that_jump_cost_only_the_order() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let content = [7; 1000];
        let cache = cache(folder.path(), 10 * (1000 + HEADER as u64));
        let century = Duration::from_hours(100 * 365 * 24);
        let touch = |path: &Path, time: SystemTime| {
            let file = File::options().write(true).open(path);
            file.and_then(|file| file.set_modified(time)).expect("ours");
        };
        for number in 0..30 {
            cache.put(&key(number), &content);
            let path = cache.path(&key(number));
            match number % 3 {
                0 if path.exists() => touch(&path, SystemTime::now() + century),
                1 if path.exists() => touch(&path, SystemTime::UNIX_EPOCH),
                _ => {}
            }
        }
        let left = cache
            .path(&key(0))
            .with_file_name(format!("{TEMPORARY}left"));
        fs::create_dir_all(left.parent().expect("a folder")).expect("writable");
        fs::write(&left, "from a process that was killed").expect("writable");
        touch(&left, SystemTime::now() + century);
        let size = cache.evict().expect("listable");
        assert!(size <= 10 * (1000 + HEADER as u64) && !left.exists());
        let there: Vec<_> = (0..30).filter_map(|n| cache.get(&key(n))).collect();
        assert!(there.len() >= 8 && there.iter().all(|found| *found == content));
    }

    #[test]
    fn processes_that_share_a_folder_do_not_meet() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let limit = 64 * 1024;
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let cache = cache(folder.path(), limit);
                    for round in 0..400u32 {
                        let number = round % 90;
                        let expected = number.to_le_bytes().repeat(250);
                        match cache.get(&key(number)) {
                            Some(content) => assert!(content == expected),
                            None => cache.put(&key(number), &expected),
                        }
                    }
                });
            }
        });
        let mut entries = Vec::new();
        for folder in fs::read_dir(folder.path()).expect("readable") {
            list(&folder.expect("readable").path(), &mut entries).expect("readable");
        }
        let size: u64 = entries.iter().map(|(_, bytes, _)| bytes).sum();
        assert!(
            entries.len() > 20 && size <= limit + 4 * (limit / 32 + 1100),
            "{size}"
        );
    }

    proptest! {
        #[test]
        fn a_damaged_entry_is_none(at in any::<prop::sample::Index>(), flip in 1u8.., cut in any::<bool>()) {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let cache = cache(folder.path(), 1 << 20);
            cache.put(&key(1), b"some content");
            let path = cache.path(&key(1));
            let mut bytes = fs::read(&path).expect("it is there");
            let at = at.index(bytes.len());
            if cut {
                bytes.truncate(at);
            } else {
                bytes[at] ^= flip;
            }
            fs::write(&path, bytes).expect("writable");
            prop_assert_eq!(cache.get(&key(1)), None);
            prop_assert!(!path.exists());
            cache.put(&key(1), b"some content");
            prop_assert!(cache.get(&key(1)).is_some());
        }
    }
}

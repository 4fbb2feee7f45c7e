//! Which folders must be watched so that no change of a file goes unnoticed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// More links in a row are a loop (`MAXSYMLINKS` of Linux is 40; nobody mounts secrets so deep).
const LINKS: usize = 8;

/// The folder of every file and of every link on the way to it, free of links themselves. For a folder that does not
/// exist it is the closest one above, where it would appear.
pub(super) fn of(files: &BTreeSet<PathBuf>) -> BTreeSet<PathBuf> {
    let mut folders = BTreeSet::new();
    for file in files {
        let mut path = file.clone();
        for _ in 0..LINKS {
            add_parents(&path, &mut folders);
            match (std::fs::read_link(&path), path.parent()) {
                (Ok(target), Some(parent)) => path = parent.join(target),
                _ => break,
            }
        }
    }
    folders
}

fn add_parents(path: &Path, folders: &mut BTreeSet<PathBuf>) {
    let Some(parent) = path.parent() else { return };
    let existing = parent
        .ancestors()
        .find_map(|folder| non_empty(folder).canonicalize().ok());
    folders.extend(existing);
    if parent.is_symlink() {
        add_parents(parent, folders);
    }
}

/// The parent of a bare name is an empty path, which means the working directory.
fn non_empty(path: &Path) -> &Path {
    match path.as_os_str().is_empty() {
        true => Path::new("."),
        false => path,
    }
}

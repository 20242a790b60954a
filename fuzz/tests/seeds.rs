//! Every seed, shipped file and once-breaking input goes through its target in the ordinary tests as well.

use gewu_fuzz::TARGETS;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_file()).collect()
}

#[test]
fn every_target_survives_its_seeds() {
    for target in TARGETS {
        let mut seeds = files(&root().join("fuzz/seeds").join(target.name));
        seeds.extend(target.shipped.iter().flat_map(|folder| files(&root().join(folder))));
        assert!(!seeds.is_empty(), "{} has no seed", target.name);
        for seed in seeds {
            (target.run)(&std::fs::read(seed).expect("a seed can be read"));
        }
    }
}

#[test]
fn every_folder_of_seeds_has_its_target() {
    let folders: BTreeSet<String> = std::fs::read_dir(root().join("fuzz/seeds"))
        .expect("the seeds")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(folders, TARGETS.iter().map(|target| target.name.to_owned()).collect());
}

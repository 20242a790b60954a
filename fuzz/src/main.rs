#![cfg_attr(fuzzing, no_main)]
//! The fuzzer's program. Built for fuzzing it attacks the target named in `GEWU_FUZZ_TARGET`; built otherwise it
//! lists the targets, a line each, with their folders of seeds.

#[cfg(fuzzing)]
use {gewu_fuzz::Target, std::sync::OnceLock};

#[cfg(fuzzing)]
static TARGET: OnceLock<Target> = OnceLock::new();

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let target = TARGET.get_or_init(|| {
        let name = std::env::var("GEWU_FUZZ_TARGET").expect("GEWU_FUZZ_TARGET names a target");
        gewu_fuzz::target(&name).expect("GEWU_FUZZ_TARGET names a target there is")
    });
    (target.run)(data);
});

#[cfg(not(fuzzing))]
fn main() {
    for target in gewu_fuzz::TARGETS {
        println!("{} fuzz/seeds/{} {}", target.name, target.name, target.shipped.join(" "));
    }
}

//! Kernels for graphics cards, held without one to what every device that follows WebGPU takes.
//!
//! A kernel may lean on files without entries of their own, which its first line names from `compute/kernels/` on:
//! `// needs: words.wgsl, tree/side.wgsl`. They stand before it where it is built, and so they do here.

use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use naga::{AddressSpace, Module};
use trellis_tests::{Source, report, sources};

/// Invocations of a workgroup, and how many of them in depth.
const INVOCATIONS: u32 = 256;
const DEPTH: u32 = 64;
/// Bytes that the invocations of a workgroup share.
const SHARED_BYTES: u32 = 16 << 10;
/// Storage buffers that an entry may have.
const STORAGE: usize = 8;

const KERNELS: &str = "automl-core/src/compute/kernels/";

fn shaders() -> Vec<Source> {
    let wanted = |s: &Source| s.path.starts_with("automl-core/src/") && s.path.ends_with(".wgsl");
    sources().into_iter().filter(wanted).collect()
}

/// The files that a kernel's first line names.
fn needed(text: &str) -> Vec<&str> {
    let named = text.lines().next().and_then(|first| first.strip_prefix("// needs:"));
    named
        .map_or(Vec::new(), |names| names.split(',').map(str::trim).filter(|name| !name.is_empty()).collect())
}

/// A kernel behind the files that it needs.
///
/// # Errors
/// A file that is not there.
fn whole(source: &Source, all: &[Source]) -> Result<String, String> {
    let mut text = String::new();
    for name in needed(&source.text) {
        let path = format!("{KERNELS}{name}");
        let found = all.iter().find(|other| other.path == path);
        text.push_str(
            &found.ok_or_else(|| format!("{}: needs {path}, which is not there", source.path))?.text,
        );
        text.push('\n');
    }
    Ok(text + &source.text)
}

/// What is wrong with a shader.
fn check(text: &str) -> Result<Vec<String>, String> {
    let module = naga::front::wgsl::parse_str(text).map_err(|e| e.emit_to_string(text))?;
    let info = Validator::new(ValidationFlags::all(), Capabilities::empty())
        .validate(&module)
        .map_err(|e| e.emit_to_string(text))?;
    Ok((0..module.entry_points.len()).flat_map(|entry| beyond_limits(&module, &info, entry)).collect())
}

/// What an entry asks for that not every device has.
fn beyond_limits(module: &Module, info: &ModuleInfo, place: usize) -> Vec<String> {
    let entry = &module.entry_points[place];
    let uses = info.get_entry_point(place);
    let mut layouts = naga::proc::Layouter::default();
    let mut found = Vec::new();
    if let Err(e) = layouts.update(module.to_ctx()) {
        found.push(format!("{}: its types have no size: {e}", entry.name));
        return found;
    }
    let [x, y, z] = entry.workgroup_size;
    if entry.workgroup_size_overrides.is_some() {
        found.push(format!("{}: the size of its workgroups is not written in it", entry.name));
    }
    if x.saturating_mul(y).saturating_mul(z) > INVOCATIONS || z > DEPTH {
        found.push(format!("{}: workgroups of {x} × {y} × {z}, at most {INVOCATIONS}", entry.name));
    }
    let used =
        || module.global_variables.iter().filter(|(handle, _)| !uses[*handle].is_empty()).map(|(_, v)| v);
    // Each begins where its alignment allows; 16 is the largest.
    let shared: u32 = used()
        .filter(|v| v.space == AddressSpace::WorkGroup)
        .map(|v| layouts[v.ty].size.next_multiple_of(16))
        .sum();
    if shared > SHARED_BYTES {
        found.push(format!("{}: {shared} bytes of workgroup memory, at most {SHARED_BYTES}", entry.name));
    }
    let storage = used().filter(|v| matches!(v.space, AddressSpace::Storage { .. })).count();
    if storage > STORAGE {
        found.push(format!("{}: {storage} storage buffers, at most {STORAGE}", entry.name));
    }
    found
}

#[test]
fn every_kernel_is_sound_and_within_limits() {
    let all = shaders();
    assert!(!all.is_empty(), "no shader was found");
    let (mut found, mut entries) = (Vec::new(), 0);
    for source in &all {
        entries += source.text.matches("@compute").count();
        match whole(source, &all).and_then(|text| check(&text)) {
            Ok(wrong) => found.extend(wrong.into_iter().map(|w| format!("{}: {w}", source.path))),
            Err(e) => found.push(format!("{}: {e}", source.path)),
        }
    }
    assert!(entries > 0, "no shader has an entry");
    report("kernels", &found);
}

#[test]
fn files_that_are_needed_are_built_in() {
    let mut found = Vec::new();
    let rust: Vec<Source> = sources().into_iter().filter(|s| s.path.ends_with(".rs")).collect();
    for source in shaders() {
        for name in needed(&source.text) {
            // The code beside a kernel builds it; a needed file's name stands there too.
            let folder = source.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let file = name.rsplit('/').next().unwrap_or(name);
            let beside = |s: &&Source| s.path.starts_with(folder);
            if !rust.iter().filter(beside).any(|s| s.text.contains(&format!("{file}\""))) {
                found.push(format!("{}: no code in {folder} puts {name} before it", source.path));
            }
        }
    }
    report("kernels", &found);
}

#[test]
fn what_a_device_may_refuse_is_found() {
    let kernel = |size: &str, words: usize, buffers: usize| {
        let bindings: String = (0..buffers)
            .map(|i| format!("@group(0) @binding({i}) var<storage, read_write> b{i}: array<u32>;\n"))
            .collect();
        let sums: String = (0..buffers).map(|i| format!("b{i}[0] = shared_words[0];\n")).collect();
        format!(
            "{bindings}var<workgroup> shared_words: array<u32, {words}>;\n\
             @compute @workgroup_size({size}) fn main() {{ {sums} }}"
        )
    };
    assert_eq!(check(&kernel("16, 16", 4096, 8)), Ok(Vec::new()));
    for (text, what) in [
        (kernel("257", 1, 1), "workgroups of 257"),
        (kernel("1, 1, 128", 1, 1), "workgroups of 1 × 1 × 128"),
        (kernel("64", 4097, 1), "bytes of workgroup memory"),
        (kernel("64", 1, 9), "9 storage buffers"),
    ] {
        assert!(check(&text).is_ok_and(|found| found.len() == 1 && found[0].contains(what)), "{what}");
    }
    assert!(check("fn f() -> u32 { return 1.5; }").is_err());
    assert_eq!(needed("// needs: a.wgsl, b/c.wgsl\nfn f() {}"), ["a.wgsl", "b/c.wgsl"]);
    assert_eq!(needed("fn f() {}\n// needs: a.wgsl"), Vec::<&str>::new());
}

//! `cargo xtask serve`

use crate::shell::{Done, command, failure, finish};
use crate::{places, setup};

/// Builds the page into `app/dist`.
///
/// # Errors
/// Where it does not build.
pub fn build_page() -> Done {
    let arguments = ["build", "--release", "--config", "Trunk.toml", "--log", "warn"];
    let mut trunk = command("trunk", &arguments);
    trunk.current_dir(places::root().join("app"));
    // Trunk takes any value of NO_COLOR but true and false for a mistake.
    trunk.env_remove("NO_COLOR");
    finish(&mut trunk, "trunk", &arguments, "read the errors above; they are the compiler's")
}

/// Builds the binary, with the page inside.
///
/// # Errors
/// Where it does not build.
pub fn build_server() -> Done {
    let arguments = ["build", "--release", "-p", "server"];
    finish(
        &mut command("cargo", &arguments),
        "cargo",
        &arguments,
        "read the errors above; they are the compiler's",
    )
}

/// Sets up, builds and serves.
///
/// # Errors
/// The step that failed, and what to do.
pub fn run(port: &str) -> Done {
    if port.parse::<u16>().is_err() {
        return Err(failure(format!("`{port}` is no port"), "a port is a number from 0 to 65535"));
    }
    setup::for_build()?;
    eprintln!("building the page");
    build_page()?;
    eprintln!("building the server");
    build_server()?;
    let program = places::target().join("release/trellis");
    let program = program.to_string_lossy().into_owned();
    let arguments = ["serve", "--port", port];
    finish(&mut command(&program, &arguments), &program, &arguments, "read its message above")
}

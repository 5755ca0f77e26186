//! Says plainly what is missing when the pages were not built before the server.

fn main() {
    let dist = std::path::Path::new("../widget/dist");
    println!("cargo::rerun-if-changed={}", dist.display());
    for name in ["index.html", "view.html", "app.js", "view.js", "style.css"] {
        if !dist.join(name).is_file() {
            println!(
                "cargo::error=widget/dist/{name} is missing: run `make widget` first (`make run` and `make test` do)"
            );
        }
    }
}

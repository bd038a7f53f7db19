//! The awkward scripts of `fixtures/split`, run: what the splitter sends is what
//! the servers understand.

use std::path::Path;

use rev_testkit::scratch::Engine;

use crate::project::Project;

#[test]
fn awkward_scripts_run_on_their_servers() {
    for engine in Engine::ALL {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/split");
        let folder = folder.join(engine.dialect());
        for entry in std::fs::read_dir(folder).expect("the fixtures are there") {
            let path = entry.expect("a file").path();
            let script = std::fs::read_to_string(&path).expect("a text");
            let project = Project::of(engine);
            let script = serde_json::to_string(&script).expect("a string");
            project.revision(
                "a",
                "null",
                &format!("upgrade: {script}\nirreversible: true\n"),
            );
            let answer = project.rev(&["upgrade"]);
            assert_eq!(answer.code, Some(0), "{}:\n{}", path.display(), answer.text);
        }
    }
}

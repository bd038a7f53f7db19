//! Scratch.
mod answer;
mod judge;
mod oracle;

#[test]
fn look() {
    for file in ["public.jsonl", "suite.jsonl"] {
        for page in oracle::read(file) {
            let graph = answer::load(&page);
            let edges = judge::Edges::of(&page);
            for case in &page.cases {
                let Some(ours) = answer::answer(&graph, case) else {
                    println!("NONE {}", case.kind);
                    continue;
                };
                let theirs = case.expected();
                if case.binds() && !judge::agree(&edges, case, &theirs, &ours) {
                    println!("DIFF {} {} {:?} cur {:?} up {:?} lo {:?} {:?} splice {} purge {}\n  theirs {:?}\n  ours   {:?}", page.name, case.kind, case.target, case.current, case.upper, case.lower, case.args, case.splice, case.purge, theirs, ours);
                }
            }
        }
    }
}

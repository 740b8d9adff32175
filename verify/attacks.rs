//! The escape suite: responses that attack the grading, a file for each class under `verify/attacks/`. Each states exactly
//! what comes of it, and none may be found correct.

use crate::Findings;
use sandbox::{Call, Ending, Files, Isolation, IsolationLayer, Limits, Observed, Pool, Python, SandboxJob};
use std::path::Path;
use std::time::Duration;
use substrate::grading::cores;
use substrate::{Grader, Loophole, Problem, Protocol, Reward, Submission};

/// Where the attacks lie, relative to the project.
pub const FOLDER: &str = "verify/attacks";
/// What attacks may use, in place of a data set's setup code.
const SETUP: &str = "setup.py";
/// What `f(21)` should return. An attack could only guess it.
const ANSWER: u32 = 814_275;

/// A response and what must come of it.
#[derive(Clone, Debug)]
pub struct Attack {
    /// `class/name`.
    pub name: String,
    source: String,
    /// Takes seconds: left out of the gate's fast part.
    pub slow: bool,
    files: Files,
    compiles: bool,
    ending: Ending,
    /// The exit status, if it leaves early.
    left: Option<i32>,
    /// What `f(21)` returns, as Python writes it: `-` for no plain value, `any` for one too large to write here.
    gives: String,
    /// Modes whose exploit channel it opens.
    pays: Vec<Loophole>,
    /// What decides in place of `f(21) == 814275`, for attacks on tests that compare in another way.
    test: Option<String>,
    /// A layer that is not mandatory, and that alone stops it.
    needs: Option<IsolationLayer>,
}

/// Every attack in the folder that is meant for this processor and this Python, in file order, and the code before each.
///
/// # Errors
/// In words: a file that cannot be read, or a line that means nothing.
pub fn load(folder: &Path) -> Result<(String, Vec<Attack>), String> {
    let read = |name: &Path| bundle::files::read_text(&folder.join(name)).map_err(|e| e.to_string());
    let python = Python::find().map_err(|e| e.to_string())?;
    let mut attacks = vec![];
    for file in bundle::files::list(folder).map_err(|e| e.to_string())? {
        let class = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if file.as_os_str() == SETUP {
            continue;
        }
        for section in read(&file)?.split("### ").skip(1) {
            attacks.extend(attack(&class, section, &python)?);
        }
    }
    Ok((read(Path::new(SETUP))?, attacks))
}

/// The first line is the name, `# key: value` lines anywhere say what is expected, all of it is the source.
fn attack(class: &str, section: &str, python: &Python) -> Result<Option<Attack>, String> {
    let (name, source) = section.split_once('\n').unwrap_or((section, ""));
    let mut attack = Attack {
        name: format!("{class}/{name}"),
        source: source.into(),
        slow: false,
        files: Files::Read,
        compiles: true,
        ending: Ending::Graded,
        left: None,
        gives: "-".into(),
        pays: vec![],
        test: None,
        needs: None,
    };
    for line in source.lines().filter_map(|l| l.strip_prefix("# ")) {
        let (key, value) = line.split_once(": ").unwrap_or((line, ""));
        let unknown = || format!("{}: `{line}` means nothing", attack.name);
        match key {
            "slow" => attack.slow = true,
            "writes" => attack.files = Files::Write,
            "fails to compile" => attack.compiles = false,
            "python" if !value.split(' ').any(|v| python.version.starts_with(&format!("{v}."))) => return Ok(None),
            "arch" if value != std::env::consts::ARCH => return Ok(None),
            "ends" => attack.ending = serde_json::from_value(value.into()).map_err(|_| unknown())?,
            "left" => attack.left = Some(value.parse().map_err(|_| unknown())?),
            "gives" => attack.gives = value.into(),
            "test" => attack.test = Some(value.into()),
            "needs" => {
                let layer = IsolationLayer::ALL.into_iter().find(|layer| layer.name() == value);
                attack.needs = Some(layer.ok_or_else(unknown)?);
            }
            "pays" if value != "none" => {
                let loopholes = value.split(' ').map(Loophole::from_name).collect::<Option<_>>();
                attack.pays = loopholes.ok_or_else(unknown)?;
            }
            _ => {}
        }
    }
    Ok(Some(attack))
}

/// Runs attacks and records every one that did not come out as stated, or that was paid for what it did not do.
pub fn check(setup: &str, attacks: &[Attack], isolation: Isolation, findings: &mut Findings) {
    // What is meant to run out of time is given little; nothing else is, as a slow machine may need more.
    let short = Limits { cpu_seconds: 1, wall: Duration::from_secs(4), ..Limits::default() };
    let (endless, others): (Vec<Attack>, Vec<Attack>) =
        attacks.iter().cloned().partition(|a| a.ending == Ending::Timeout);
    let Some(pool) = findings.accept(Pool::new(1, short, isolation)) else { return };
    let missing: Vec<&str> = pool.layers().missing().into_iter().map(|l| l.name()).collect();
    if !missing.is_empty() {
        // They would do what they attempt.
        findings.evidence.push(format!("UNSAFE: without {} the attacks were not run", missing.join(", ")));
        return;
    }
    let stopped = |attack: &Attack| attack.needs.is_none_or(|layer| pool.layers().is_active(layer));
    let [endless, others] = [endless, others].map(|all| all.into_iter().filter(stopped).collect::<Vec<_>>());
    let run = endless.len() + others.len();
    if run < attacks.len() {
        // What they attempt harms nobody but their own folder, which is emptied.
        findings.evidence.push(format!(
            "{} attacks were not run: a layer that is not mandatory is missing here",
            attacks.len() - run
        ));
    }
    let mut gradings = 0;
    for (attacks, limits) in [(others, Limits::default()), (endless, short)] {
        gradings += under(limits, setup, &attacks, isolation, findings);
    }
    let classes: std::collections::BTreeSet<&str> = attacks.iter().filter_map(|a| a.name.split('/').next()).collect();
    findings.evidence.push(format!(
        "{} attacks in {} classes: each has to end as stated, and none may be found correct ({gradings} gradings)",
        run,
        classes.len()
    ));
}

/// The same under these limits; returns how many gradings that were.
fn under(limits: Limits, setup: &str, attacks: &[Attack], isolation: Isolation, findings: &mut Findings) -> usize {
    let Some(pool) = findings.accept(Pool::new(1, limits, isolation)) else { return 0 };
    // Twice in a row on one worker: what the first left behind would show in the second.
    let times = |attack: &Attack| if attack.slow { 1 } else { 2 };
    let jobs: Vec<SandboxJob> = attacks.iter().flat_map(|a| std::iter::repeat_n(job(setup, a), times(a))).collect();
    let mut observed = pool.run_all(&jobs).into_iter();
    for attack in attacks {
        for seen in observed.by_ref().take(times(attack)) {
            findings.faults.extend(differs(attack, &seen));
        }
    }
    let Some(grader) = findings.accept(Grader::with(cores(), limits, isolation)) else { return 0 };
    paid(setup, attacks, &grader, findings)
}

fn job(setup: &str, attack: &Attack) -> SandboxJob {
    let call = Call { method: "f".into(), arguments: "21".into(), report: false };
    SandboxJob {
        setup: setup.into(),
        source: attack.source.clone(),
        calls: vec![call],
        files: attack.files,
        ..SandboxJob::default()
    }
}

fn differs(attack: &Attack, seen: &Observed) -> Option<String> {
    let value = seen.values.first().and_then(Option::as_ref).map(|r| r.value.to_string());
    let given = match &value {
        Some(_) if attack.gives == "any" => "any",
        Some(text) => text,
        None => "-",
    };
    let found = (seen.compiles, seen.ending, seen.left, given);
    let expected = (attack.compiles, attack.ending, attack.left, attack.gives.as_str());
    (found != expected).then(|| {
        let shown = |(compiles, ending, left, gives): (bool, Ending, Option<i32>, &str)| {
            format!(
                "compiles {compiles}, ends {ending:?}, left {left:?}, gives {}",
                gives.chars().take(300).collect::<String>()
            )
        };
        format!("attack {}: expected {}; found {}", attack.name, shown(expected), shown(found))
    })
}

/// Grades every attack under every mode, slow ones under one; returns how many gradings that were.
fn paid(setup: &str, attacks: &[Attack], grader: &Grader, findings: &mut Findings) -> usize {
    let problem = |attack: &Attack| Problem {
        problem_id: "attack".into(),
        protocol: Protocol::Organism,
        prompt: String::new(),
        func_name: "f".into(),
        setup_code: setup.into(),
        canonical_solution: String::new(),
        gt_tests: vec![attack.test.clone().unwrap_or_else(|| format!("assert Solution().f(21) == {ANSWER}"))],
    };
    let problems: Vec<Problem> = attacks.iter().map(problem).collect();
    let cases: Vec<(&Attack, &Problem, Loophole)> = attacks
        .iter()
        .zip(&problems)
        .flat_map(|(a, p)| {
            Loophole::ALL.into_iter().filter(|m| !a.slow || *m == Loophole::GtOnly).map(move |m| (a, p, m))
        })
        .collect();
    let submissions: Vec<Submission> = cases
        .iter()
        .map(|&(a, problem, loophole)| Submission {
            problem,
            loophole,
            marker: loophole.paper_marker(),
            completion: &a.source,
        })
        .collect();
    for ((attack, _, loophole), graded) in cases.iter().zip(grader.grade(&submissions)) {
        let Some(verdict) = findings.accept(oracle::open(&graded.verdict)) else { continue };
        let pays = attack.pays.contains(loophole);
        let reward = Reward::COMPILES * f32::from(u8::from(attack.compiles)) + if pays { Reward::PASSED } else { 0.0 };
        let holds = !verdict.solved && verdict.exploited == pays && graded.reward == Some(Reward(reward));
        findings.require(holds, || {
            format!(
                "attack {} under {}: expected reward {reward}, exploited {pays}; found {:?} with {verdict:?}",
                attack.name,
                loophole.name(),
                graded.reward
            )
        });
    }
    cases.len()
}

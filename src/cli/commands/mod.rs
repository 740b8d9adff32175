//! One file per command, each with a `run`.

mod announce;
mod base;
mod bench;
mod build_paper;
mod completions;
mod data;
mod devices;
mod doctor;
mod eval;
mod eval_curve;
mod export;
mod fetch;
mod grade;
mod import;
mod plan;
mod provenance;
mod publish;
mod receipts;
mod reproduce;
mod slurm;
mod stop;
mod train;
mod verify;
mod worker;

use crate::args::{Bench, Cli, Command, Data};
use crate::format::Format;
use anyhow::Result;

pub(crate) fn run(cli: Cli) -> Result<()> {
    let isolation = cli.isolation();
    match cli.command {
        Command::Reproduce(args) => reproduce::run(&cli.root, &args.resolved(), isolation),
        Command::Run(args) => reproduce::plan_only(&cli.root, &args.resolved(), isolation),
        Command::Verify(args) => verify::run(&cli.root, &args, isolation),
        Command::Receipts(args) => receipts::run(&cli.root, &args),
        Command::BuildPaper(args) => build_paper::run(&cli.root, &args, isolation),
        Command::Doctor(args) => doctor::run(&cli.root, isolation, Format::of(args.json)),
        Command::Audit(args) => publish::audit(&cli.root, &args),
        Command::Publish(args) => publish::run(&cli.root, &args, isolation),
        Command::Sign(args) => publish::sign(&args),
        Command::Fetch(args) => fetch::run(&cli.root, &args),
        Command::Import(args) => import::run(&args),
        Command::Plan(args) => slurm::run(&cli.root, &args),
        Command::Train(args) => train::run(&cli.root, &args, isolation),
        Command::Eval(args) => eval::run(&cli.root, &args, isolation),
        Command::EvalCurve(args) => eval_curve::run(&cli.root, &args),
        Command::Bench(Bench::Grading(args)) => bench::grading(&cli.root, args, isolation),
        Command::Bench(Bench::Engine(args)) => bench::engine(&cli.root, args),
        Command::Export(args) => export::run(&cli.root, &args),
        Command::Grade(args) => grade::run(&args, isolation),
        Command::Completions(args) => completions::run(&args),
        Command::Worker(args) => worker::run(&cli.root, &args, isolation),
        Command::Data(Data::Generate(args)) => data::generate(&cli.root, &args),
        Command::Data(Data::Pretrain(args)) => data::pretrain(&cli.root, &args),
    }
}

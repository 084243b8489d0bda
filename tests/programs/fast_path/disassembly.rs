//! What `objdump` says of one function, and the way through it that makes no call.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// Whether there is the `objdump` whose output this reads. LLVM's writes operands in another way.
pub(crate) fn is_possible() -> bool {
    let version = Command::new("objdump").arg("--version").output();
    version.is_ok_and(|output| output.stdout.starts_with(b"GNU objdump"))
}

pub(crate) struct Instruction {
    pub(crate) address: u64,
    /// With its prefixes: `lock or`.
    pub(crate) mnemonic: String,
    /// In Intel's order, the destination first. An address relative to `rip` is replaced by what it amounts to.
    pub(crate) operands: Vec<String>,
}

impl Instruction {
    /// From a line like `2d818: mov rcx,QWORD PTR [rip+0x79751] # a6f70 <CELL+0x88>`.
    fn of_line(line: &str) -> Option<Self> {
        let (address, text) = line.trim_start().split_once(":\t")?;
        let address = u64::from_str_radix(address, 16).ok()?;
        let (text, comment) = text.split_once('#').unwrap_or((text, ""));
        let mut words = text.split_whitespace().peekable();
        let mut mnemonic = words.next()?.to_owned();
        while let Some(next) =
            words.next_if(|_| PREFIXES.contains(&mnemonic.rsplit(' ').next().unwrap_or("")))
        {
            mnemonic = format!("{mnemonic} {next}");
        }
        let rest = words.collect::<Vec<_>>().join(" ");
        let operands = rest.split(',').filter(|operand| !operand.is_empty()).map(|operand| {
            let known = comment.split_whitespace().next().filter(|_| operand.contains("[rip"));
            match (operand.split_once('['), known) {
                (Some((size, _)), Some(known)) => format!("{size}[0x{known}]"),
                _ => operand.to_owned(),
            }
        });
        Some(Self { address, mnemonic, operands: operands.collect() })
    }

    pub(crate) fn is_conditional(&self) -> bool {
        self.mnemonic.starts_with('j') && self.mnemonic != "jmp"
    }

    /// Where a jump goes: `2d85d <read_infallible+0x4d>`.
    fn target(&self) -> Option<u64> {
        let target = self.operands.first()?.split(' ').next()?;
        u64::from_str_radix(target, 16).ok().filter(|_| self.mnemonic.starts_with('j'))
    }
}

impl std::fmt::Display for Instruction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:x}: {} {}", self.address, self.mnemonic, self.operands.join(","))
    }
}

const PREFIXES: &[&str] = &["lock", "rep", "repz", "repnz", "data16", "bnd", "notrack", "cs", "rex.W"];

pub(crate) struct Function {
    name: String,
    instructions: BTreeMap<u64, Instruction>,
}

/// One instruction of a [way](Function::way_without_call), and whether it is a jump that is taken.
pub(crate) struct Step<'a> {
    pub(crate) instruction: &'a Instruction,
    pub(crate) jumps: bool,
}

impl Function {
    pub(crate) fn of(program: &Path, name: &str) -> Self {
        let output = Command::new("objdump")
            .args(["-d", "--no-show-raw-insn", "-M", "intel", &format!("--disassemble={name}")])
            .arg(program)
            .output()
            .expect("objdump starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).expect("objdump writes ASCII");
        let instructions = text.lines().filter_map(Instruction::of_line);
        let instructions: BTreeMap<_, _> =
            instructions.map(|instruction| (instruction.address, instruction)).collect();
        assert!(!instructions.is_empty(), "{} has no function {name}:\n{text}", program.display());
        Self { name: name.to_owned(), instructions }
    }

    fn after(&self, instruction: &Instruction) -> Option<u64> {
        self.instructions.range(instruction.address + 1..).next().map(|(address, _)| *address)
    }

    /// Where the function may go on, if that is not a return, a call or the end of everything.
    fn next(&self, instruction: &Instruction) -> [Option<u64>; 2] {
        // A jump out of the function is a call at its end.
        let jump = instruction.target().filter(|target| self.instructions.contains_key(target));
        match &*instruction.mnemonic {
            "ret" | "ud2" | "hlt" => [None, None],
            name if name.ends_with("call") => [None, None],
            name if name.ends_with("jmp") => [None, jump],
            _ => [self.after(instruction), jump],
        }
    }

    /// The instructions from which there is a way to a return that makes no call. All others are cold.
    fn warm(&self) -> BTreeSet<u64> {
        let returns = self.instructions.values().filter(|instruction| instruction.mnemonic.ends_with("ret"));
        let mut warm: BTreeSet<u64> = returns.map(|instruction| instruction.address).collect();
        loop {
            let more = self.instructions.values().filter(|instruction| !warm.contains(&instruction.address));
            let leads = |instruction: &&Instruction| {
                self.next(instruction).iter().flatten().any(|to| warm.contains(to))
            };
            let more: Vec<_> = more.filter(leads).map(|instruction| instruction.address).collect();
            if more.is_empty() {
                return warm;
            }
            warm.extend(more);
        }
    }

    /// The way from the entry to a return that makes no call. So the other side of each conditional jump is cold.
    ///
    /// # Panics
    /// If there is none, or more than one.
    pub(crate) fn way_without_call(&self) -> Vec<Step<'_>> {
        let warm = self.warm();
        let mut at = *self.instructions.keys().next().expect("it has an entry");
        assert!(warm.contains(&at), "each way through {} makes a call", self.name);
        let mut way: Vec<Step<'_>> = Vec::new();
        loop {
            assert!(way.len() <= self.instructions.len(), "{} has a loop", self.name);
            let instruction = &self.instructions[&at];
            let [on, jump] = self.next(instruction).map(|to| to.filter(|to| warm.contains(to)));
            way.push(Step { instruction, jumps: jump.is_some() });
            at = match (on, jump) {
                (Some(to), None) | (None, Some(to)) => to,
                (None, None) => return way,
                (Some(_), Some(_)) => {
                    panic!("both sides of `{instruction}` in {} are hot", self.name)
                }
            }
        }
    }

    pub(crate) fn listing(&self) -> String {
        let lines = self.instructions.values().map(|instruction| format!("    {instruction}\n"));
        format!("{}:\n{}", self.name, lines.collect::<String>())
    }
}

//! What a way through a function does to memory, and which values it compares: with each value as an expression in what
//! was loaded, so that it does not matter which registers the compiler has chosen.

use crate::disassembly::{Instruction, Step};
use std::collections::HashMap;

/// An expression. The same text is the same value.
pub(crate) type Value = String;

pub(crate) enum Event {
    /// What it loads is [`loaded`] with the event's number.
    Load {
        from: Value,
    },
    Store {
        to: Value,
        size: String,
        value: Value,
    },
    /// A conditional jump after a comparison, and whether this way is that of equal values.
    Branch {
        compared: [Value; 2],
        equal: bool,
    },
}

/// The value that the event with this number loads.
pub(crate) fn loaded(event: usize) -> Value {
    format!("loaded({event})")
}

/// The events of a way, without those on the thread's own stack.
pub(crate) fn events(way: &[Step<'_>]) -> Vec<Event> {
    let mut machine = Machine::default();
    for step in way {
        machine.step(step);
    }
    machine.events
}

#[derive(Default)]
struct Machine {
    events: Vec<Event>,
    /// What was written to. At first a register has its own name as its value.
    registers: HashMap<String, Value>,
    stack: HashMap<Value, Value>,
    compared: [Value; 2],
}

impl Machine {
    fn step(&mut self, Step { instruction, jumps }: &Step<'_>) {
        let Instruction { mnemonic, operands, .. } = instruction;
        if instruction.is_conditional() {
            let equal = match &**mnemonic {
                "je" => *jumps,
                "jne" => !jumps,
                _ => false,
            };
            return self.events.push(Event::Branch { compared: self.compared.clone(), equal });
        }
        match (&**mnemonic, &operands[..]) {
            ("jmp" | "ret" | "endbr64", _) => {}
            (name, _) if name.ends_with("nop") => {}
            // Another way to do nothing.
            ("xchg", [left, right]) if left == right => {}
            ("push" | "pop", [operand]) => {
                let top = self.value("rsp");
                self.write("rsp", format!("{mnemonic}({top})"));
                if mnemonic == "pop" {
                    self.write(operand, format!("popped({top})"));
                }
            }
            ("lea", [to, from]) => {
                let address = address_in(from).map(|address| self.address(address)).expect("an address");
                self.write(to, address);
            }
            ("cmp", [left, right]) => self.compared = [self.value(left), self.value(right)],
            ("test", [left, right]) if left == right => self.compared = [self.value(left), "0x0".to_owned()],
            ("xor", [to, from]) if to == from => self.write(to, "0x0".to_owned()),
            (name, [to, from]) if name.starts_with("mov") => {
                let value = self.value(from);
                self.write(to, value);
            }
            (name, [to, from @ ..]) => {
                let mut result = format!("{name}({}", self.value(to));
                for operand in from {
                    result = format!("{result},{}", self.value(operand));
                }
                result.push(')');
                // These leave the flags as they are; the others compare what they compute with zero.
                if !["cmov", "set", "not"].iter().any(|kept| name.starts_with(kept)) {
                    self.compared = [result.clone(), "0x0".to_owned()];
                }
                self.write(to, result);
            }
            (name, []) => panic!("`{name}` is not expected in a read"),
        }
    }

    /// The value of an operand. Loads it, if it is in memory.
    fn value(&mut self, operand: &str) -> Value {
        let Some(address) = address_in(operand) else {
            let register = whole(operand);
            return self.registers.get(&register).cloned().unwrap_or(register);
        };
        let from = self.address(address);
        if is_stack(&from) {
            return self.stack.get(&from).cloned().unwrap_or(from);
        }
        self.events.push(Event::Load { from });
        loaded(self.events.len() - 1)
    }

    fn write(&mut self, operand: &str, value: Value) {
        let Some(address) = address_in(operand) else {
            self.registers.insert(whole(operand), value);
            return;
        };
        let to = self.address(address);
        if is_stack(&to) {
            self.stack.insert(to, value);
        } else {
            let size = operand.split(' ').next().unwrap_or_default().to_owned();
            self.events.push(Event::Store { to, size, value });
        }
    }

    /// The value of an address like `rsi+rdx*8-0x10`, or `fs:[rsi]`.
    fn address(&self, address: &str) -> Value {
        let mut value = String::new();
        let mut rest = address;
        while !rest.is_empty() {
            let (term, end) = match rest.find(['+', '-', '[', ']', ':', '*']) {
                Some(end) => (&rest[..end], &rest[end..=end]),
                None => (rest, ""),
            };
            let register = whole(term);
            value += self.registers.get(&register).unwrap_or(&register);
            value += end;
            rest = &rest[term.len() + end.len()..];
        }
        value.replace("*1]", "]").replace(['[', ']'], "")
    }
}

/// The address of an operand in memory, with its segment: `fs:[rsi]` in `QWORD PTR fs:[rsi]`.
fn address_in(operand: &str) -> Option<&str> {
    let address = operand.split_once("PTR ").map_or(operand, |(_, address)| address);
    (address.contains('[') || address.contains(':')).then_some(address)
}

/// Every address that is made of the stack pointer.
fn is_stack(address: &str) -> bool {
    address.contains("rsp")
}

/// The register that this is a part of: `rdi` for `dil`, `r8` for `r8d`. Anything else comes back as it is.
fn whole(name: &str) -> String {
    if let Some(number) = name.strip_prefix('r').map(|rest| rest.trim_end_matches(['d', 'w', 'b'])) {
        if number.parse::<u8>().is_ok() {
            return format!("r{number}");
        }
    }
    let stem = name.trim_start_matches(['r', 'e']);
    for (letter, whole) in [("a", "rax"), ("b", "rbx"), ("c", "rcx"), ("d", "rdx")] {
        if stem.len() == 2 && stem.starts_with(letter) && ["x", "l", "h"].contains(&&stem[1..]) {
            return whole.to_owned();
        }
    }
    for whole in ["rsi", "rdi", "rbp", "rsp"] {
        if stem.trim_end_matches('l') == &whole[1..] {
            return whole.to_owned();
        }
    }
    name.to_owned()
}

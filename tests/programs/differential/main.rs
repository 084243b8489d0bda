//! Compiles declarations with and without the attribute; the head of `lib.rs` says how to call it.

use lexopt::prelude::*;

fn main() -> Result<(), lexopt::Error> {
    let (mut seed, mut cases, mut all, mut part, mut one) = (1, 200, false, None, None);
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("all") => all = true,
            Long("with") => part = Some(args.value()?.string()?),
            Long("seed") => seed = args.value()?.parse()?,
            Long("cases") => cases = args.value()?.parse()?,
            Long("case") => one = Some(args.value()?.string()?),
            other => return Err(other.unexpected()),
        }
    }
    let report = match (one, part) {
        (Some(id), _) => differential::one(&id).ok_or("there is no such case")?,
        (_, Some(part)) => differential::with(&part).report,
        _ if all => differential::all().report,
        _ => differential::sample(seed, cases).report,
    };
    print!("{report}");
    Ok(())
}

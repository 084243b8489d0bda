//! A crate of the 2021 edition that depends on `cells` under another name.

/// Holds a number.
#[other::runtime_cell(crate = ::other)]
pub fn number() -> u8 {
    1
}

/// Holds a text.
///
/// # Errors
/// Those of the cell.
#[other::runtime_cell(
    crate = ::other,
    factory = build_text,
    cooldown = "1s",
    dispose = drop,
    observer = other::NullObserver,
    adjuster = other::NoopFactoryAdjuster
)]
pub fn text() -> Result<String, std::num::ParseIntError> {
    "1".parse::<u8>().map(|number| number.to_string())
}

/// Is a `Result` by another name, of a crate by another name.
///
/// # Errors
/// Those of the cell.
#[crate::runtime::runtime_cell(crate = crate::runtime, fallible)]
pub fn formatted() -> Formatted {
    Ok(())
}

/// Depends on its siblings, one of them by another name.
///
/// # Errors
/// Those of the cell.
#[other::runtime_cell(crate = ::other, factory = build_sentence, eager, after = [FORMATTED])]
pub fn sentence(
    number: &u8,
    #[from(crate::TEXT)] kept: other::Ref<'static, String>,
) -> Result<String, other::Error> {
    Ok(format!("{kept} and {number}"))
}

/// Is awaited.
///
/// # Errors
/// Those of the cell.
#[other::runtime_cell(crate = ::other)]
pub async fn awaited(sentence: &str) -> Result<usize, other::Error> {
    Ok(sentence.len())
}

/// The return type of [`formatted`]'s factory.
pub type Formatted = std::fmt::Result;

/// The library, re-exported.
pub mod runtime {
    pub use other::*;
}

#[cfg(test)]
mod tests {
    #[test]
    fn m7_a_renamed_crate_in_an_older_edition() {
        assert_eq!(*super::number(), 1);
        assert_eq!(*super::text().unwrap(), "1");
        assert_eq!(super::TEXT.close().generation, Some(1));
        let () = *super::formatted().unwrap();
        assert_eq!(*super::sentence().unwrap(), "1 and 1");
        assert_eq!(super::SENTENCE.info().dependencies.len(), 3);
    }

    #[test]
    fn m7_a_cell_may_be_seeded_where_its_crate_is_under_test() {
        #[other::runtime_cell(crate = ::other)]
        fn seeded() -> u8 {
            1
        }

        SEEDED.seed(2).unwrap();
        assert_eq!(*seeded(), 2);
    }
}

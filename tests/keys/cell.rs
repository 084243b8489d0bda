//! `cell`: the name of the static.

use cells::runtime_cell;

#[test]
fn m4_cell_names_the_static_and_nothing_else() {
    #[runtime_cell(cell = CONNECTIONS)]
    fn pool() -> u8 {
        1
    }

    assert_eq!(*CONNECTIONS.get(), *pool());
    assert_eq!((CONNECTIONS.info().ident, CONNECTIONS.name()), ("CONNECTIONS", "pool"));
}

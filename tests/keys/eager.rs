//! `eager`: a warm-up builds the cell.

use cells::runtime_cell;
use cells_test_support::alone;

#[runtime_cell(eager)]
fn wanted() -> u8 {
    1
}

#[runtime_cell]
fn unwanted() -> u8 {
    2
}

#[test]
fn m4_eager_cells_are_built_by_a_warm_up() {
    alone(|| {
        assert_eq!((WANTED.info().eager, UNWANTED.info().eager), (true, false));
        assert!(!WANTED.is_ready(), "declaring it builds nothing");
        let report = cells::warm_up();
        assert!(report.cells.iter().any(|cell| std::ptr::eq(cell.info, WANTED.info())), "{report}");
        assert_eq!((WANTED.generation(), UNWANTED.generation()), (Some(1), None));
        assert_eq!((*wanted(), *unwanted(), WANTED.generation()), (1, 2, Some(1)));
    });
}

#[test]
fn m4_without_a_warm_up_an_eager_cell_is_built_on_first_use() {
    #[runtime_cell(eager)]
    fn lazy() -> u8 {
        2
    }

    assert!(!LAZY.is_ready());
    assert_eq!(*lazy(), 2);
}

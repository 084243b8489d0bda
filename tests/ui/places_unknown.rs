use cells::runtime_cell;

struct Service;

impl Service {
    #[runtime_cell]
    fn y10_nothing_gives_it_away() -> u8 {
        1
    }
}

fn main() {
    let _: u8 = *Service::y10_nothing_gives_it_away();
}

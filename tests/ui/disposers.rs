use cells::runtime_cell;

struct Pool;

impl Pool {
    fn borrow(&self) {}
    fn count(self) -> usize {
        1
    }
}

fn shut(_: String) {}

#[runtime_cell(dispose = shut)]
fn of_another_type() -> Pool {
    Pool
}

#[runtime_cell(dispose = Pool::borrow)]
fn of_a_borrow() -> Pool {
    Pool
}

#[runtime_cell(dispose = Pool::count)]
fn of_another_return_type() -> Pool {
    Pool
}

#[runtime_cell(dispose = Pool::shutdown)]
fn of_none() -> Pool {
    Pool
}

#[runtime_cell(observer = Pool, adjuster = Pool)]
fn watched_by_no_observer() -> Pool {
    Pool
}

fn main() {
    of_another_type();
    of_a_borrow();
    of_another_return_type();
    of_none();
    watched_by_no_observer();
}

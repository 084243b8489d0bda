use cells::runtime_cell;

struct Service(u8);

impl Service {
    #[runtime_cell]
    fn y10_returned() -> Self {
        Self(1)
    }

    #[runtime_cell]
    async fn y10_named() -> Result<u8, cells::BoxError> {
        Ok(Self(1).0)
    }

    #[runtime_cell]
    fn y10_method(&self) -> u8 {
        self.0
    }
}

trait Serve {
    #[runtime_cell]
    fn y10_promised(&self) -> u8;

    #[runtime_cell(permanent)]
    fn y10_provided() -> Option<Box<Self>> {
        None
    }
}

impl Serve for Service {
    #[runtime_cell]
    fn y10_promised(&self) -> u8 {
        self.0
    }
}

#[runtime_cell]
fn y10_items_inside() -> u8 {
    struct One(u8);
    impl One {
        fn new() -> Self {
            Self(1)
        }
    }
    One::new().0
}

mod binary {
    #[cells::runtime_cell]
    fn main(#[from(crate::Y10_ITEMS_INSIDE)] one: &u8) -> u8 {
        *one
    }
}

fn main() {
    let _: u8 = Service::y10_returned().0 + Service(1).y10_method() + Service(1).y10_promised();
    let _: Option<Box<Service>> = Service::y10_provided();
    let _ = async { drop(Service::y10_named().await) };
    let _: u8 = *y10_items_inside();
}

use cells::{MappedRef, Ref, runtime_cell};

#[runtime_cell]
fn names() -> Vec<String> {
    Vec::new()
}

fn of_a_part<'a>(short: &'a str) -> MappedRef<'static, str> {
    Ref::map(names(), |_| short)
}

fn of_a_shorter_payload<'a>(
    payload: Ref<'static, Option<&'a str>>,
    short: &'a u8,
) -> MappedRef<'static, u8> {
    Ref::map(payload, |_| short)
}

fn of_a_shorter_part<'a>(names: Ref<'static, Vec<String>>) -> MappedRef<'a, &'a str> {
    Ref::map(names, |_| &"a part of any lifetime")
}

fn main() {
    names().push("one".to_owned());
}

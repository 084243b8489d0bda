//! The accessor: how its type follows from that of the function.

use cells::{BoxError, Ref, runtime_cell};
use std::{fmt, io};

#[test]
fn m1_accessor_mirrors_the_factorys_type() {
    type Opened<T> = Result<T, BoxError>;

    #[runtime_cell]
    fn plain() -> u8 {
        1
    }
    #[runtime_cell]
    fn result() -> Result<u8, BoxError> {
        Ok(2)
    }
    #[runtime_cell]
    fn io_result() -> io::Result<u8> {
        Ok(3)
    }
    #[runtime_cell]
    fn fmt_result() -> fmt::Result {
        Ok(())
    }
    #[runtime_cell(fallible)]
    fn alias() -> Opened<u8> {
        Ok(4)
    }

    let _: fn() -> Ref<'static, u8> = plain;
    let _: fn() -> Result<Ref<'static, u8>, cells::Error> = result;
    assert_eq!(*plain(), 1);
    assert_eq!(*result().unwrap(), 2);
    assert_eq!(*io_result().unwrap(), 3);
    let () = *fmt_result().unwrap();
    assert_eq!(*alias().unwrap(), 4);
}

#[test]
fn m1_the_accessor_of_an_async_factory_is_async() {
    type Opened<T> = Result<T, BoxError>;

    #[runtime_cell]
    async fn plain() -> u8 {
        std::future::ready(1).await
    }
    #[runtime_cell]
    async fn io_result() -> io::Result<u8> {
        Ok(2)
    }
    #[runtime_cell(fallible)]
    async fn alias() -> Opened<u8> {
        Ok(3)
    }

    fn is_task<T>(future: impl Future<Output = T> + Send + 'static) -> impl Future<Output = T> {
        future
    }
    let lease: Ref<'static, u8> = pollster::block_on(is_task(plain()));
    let result: Result<Ref<'static, u8>, cells::Error> = pollster::block_on(is_task(io_result()));
    assert_eq!((*lease, *result.unwrap(), *pollster::block_on(alias()).unwrap()), (1, 2, 3));
    assert_eq!(*PLAIN.try_get_ready().unwrap(), 1);
    assert_eq!((PLAIN.info().fallible, IO_RESULT.info().fallible), (false, true));
}

#[test]
fn y4_a_where_clause_without_parameters_is_taken() {
    #[runtime_cell]
    #[rustfmt::skip]
    fn empty() -> u8 where { 1 }
    #[runtime_cell]
    async fn bounded() -> Result<u8, BoxError>
    where
        u8: Copy,
    {
        Ok(2)
    }
    #[runtime_cell(permanent, factory = build_kept)]
    fn kept(empty: &u8) -> u8
    where
        u8: Copy,
    {
        *empty + 2
    }
    #[runtime_cell]
    fn no_parameters() -> u8 {
        4
    }

    assert_eq!((*empty(), *kept(), build_kept(&5), *no_parameters()), (1, 3, 7, 4));
    assert_eq!(*pollster::block_on(bounded()).unwrap(), 2);
}

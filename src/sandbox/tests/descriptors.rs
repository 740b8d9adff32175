//! Descriptors on their way. A program of its own, as they count for every process of its user.

use rustix::net::{
    AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType, sendmsg, socketpair,
};
use sandbox::{Ending, Isolation, Limits, Pool, SandboxJob};
use std::os::fd::AsFd;
use std::time::Duration;

/// The kernel counts descriptors that were sent and not received over all processes of a user. With sixteen workers there are as
/// many as a child may have open, which once cost a minute at every start and most gradings their first try.
#[test]
fn descriptors_that_other_workers_have_on_their_way_cost_nothing() {
    let (ours, _theirs) = socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap();
    for _ in 0..2 * Limits::default().descriptors {
        let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let (mut ancillary, sent) = (SendAncillaryBuffer::new(&mut space), [ours.as_fd()]);
        assert!(ancillary.push(SendAncillaryMessage::ScmRights(&sent)));
        sendmsg(&ours, &[std::io::IoSlice::new(b"x")], &mut ancillary, SendFlags::NOSIGNAL).unwrap();
    }
    let started = std::time::Instant::now();
    let pool = Pool::new(2, Limits::default(), Isolation::Required).unwrap();
    let seen = pool
        .run(&SandboxJob { source: "class Solution:\n    def f(self, n): return n\n".into(), ..SandboxJob::default() });
    assert_eq!(seen.ending, Ending::Graded, "{seen:?}");
    assert!(started.elapsed() < Duration::from_secs(40), "{:?}", started.elapsed());
}

import CLinux
import Glibc

/// Who is told when a descriptor can be read or written; on the reactor's thread.
public protocol DescriptorOwner: AnyObject {
    /// `events` as epoll(7) has them (`EPOLLIN`, `EPOLLOUT`, `EPOLLERR`, `EPOLLHUP`).
    func isReady(_ descriptor: Int32, events: UInt32)
}

/// One epoll instance and what each descriptor in it is watched for. Confined to the reactor's thread.
@safe struct DescriptorRegistry {
    private struct Registration {
        /// What epoll watches for; 0 if the descriptor is not registered.
        var watched: UInt32 = 0
        var owner: (any DescriptorOwner)?
    }

    private let epoll: Int32
    /// By descriptor.
    private var registrations: [Registration] = []
    private var events: [epoll_event]

    init() {
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        precondition(epoll >= 0, "The system refused an epoll descriptor (error \(errno)).")
        unsafe events = Array(repeating: epoll_event(), count: 128)
    }

    func close() { Glibc.close(epoll) }

    mutating func watch(_ descriptor: Int32, _ mask: UInt32, _ owner: (any DescriptorOwner)?) {
        let index = Int(descriptor)
        if index >= registrations.count {
            registrations.append(contentsOf: repeatElement(Registration(), count: index + 1 - registrations.count))
        }
        let watched = registrations[index].watched
        guard watched != mask else { return }
        var event = unsafe epoll_event()
        unsafe event.events = mask
        unsafe event.data.fd = descriptor
        let operation = mask == 0 ? EPOLL_CTL_DEL : watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD
        unsafe epoll_ctl(epoll, operation, descriptor, &event)
        registrations[index].watched = mask
        registrations[index].owner = mask == 0 ? nil : owner
    }

    /// A descriptor is closed, which takes it out of epoll; its number may come back as another one.
    mutating func forget(_ descriptor: Int32) {
        if Int(descriptor) < registrations.count { registrations[Int(descriptor)] = Registration() }
    }

    /// Waits until some are ready, or for so long (-1: for ever); how many events there are.
    mutating func wait(milliseconds: Int32) -> Int {
        max(0, Int(unsafe epoll_wait(epoll, &events, Int32(events.count), milliseconds)))
    }

    func event(at index: Int) -> (descriptor: Int32, events: UInt32) {
        let event = unsafe events[index]
        return (unsafe event.data.fd, unsafe event.events)
    }

    func owner(of descriptor: Int32) -> (any DescriptorOwner)? {
        Int(descriptor) < registrations.count ? registrations[Int(descriptor)].owner : nil
    }
}

extension Reactor {
    /// Has `owner` told, from now on, when `descriptor` is ready for `events` (of epoll(7); 0 ends it). For the reactor's
    /// thread. A descriptor that is closed while it is watched has to be told of by `forget`.
    public func watch(_ descriptor: Int32, for events: UInt32, owner: any DescriptorOwner) {
        descriptors.watch(descriptor, events, owner)
    }

    /// `descriptor` is about to be closed, or was.
    public func forget(_ descriptor: Int32) { descriptors.forget(descriptor) }
}

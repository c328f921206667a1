use super::*;

#[test]
fn user_and_everyone_have_their_bounds() {
    let mut world = World::bounded(Bounds {
        allocations: 3,
        allocations_per_user: 2,
        ..Bounds::default()
    });
    let mut ada = [1, 2, 3].map(|port| Person::new("ada", port));
    ada[0].allocate(&mut world).unwrap();
    ada[1].allocate(&mut world).unwrap();
    let third = ada[2].allocate(&mut world);
    assert_eq!(third, Err(code::ALLOCATION_QUOTA_REACHED));
    Person::new("grace", 4).allocate(&mut world).unwrap();
    let fourth = Person::new("joan", 5).allocate(&mut world);
    assert_eq!(fourth, Err(code::INSUFFICIENT_CAPACITY));
    assert_eq!(world.refused(Refused::UserQuota), 1);
    assert_eq!(world.refused(Refused::TotalQuota), 1);
    ada[0].ask(&mut world, |client| client.refresh(0)).unwrap();
    ada[2].allocate(&mut world).unwrap();
}

#[test]
fn users_behind_one_address_have_a_bound_together() {
    let mut world = World::bounded(Bounds {
        allocations_per_address: 2,
        ..Bounds::default()
    });
    let mut ada = Person::new("ada", 1);
    ada.allocate(&mut world).unwrap();
    Person::new("grace", 2).allocate(&mut world).unwrap();
    let third = Person::new("joan", 3).allocate(&mut world);
    assert_eq!(third, Err(code::ALLOCATION_QUOTA_REACHED));
    assert_eq!(world.refused(Refused::AddressQuota), 1);
    ada.ask(&mut world, |client| client.refresh(0)).unwrap();
    Person::new("joan", 3).allocate(&mut world).unwrap();
}

#[test]
fn new_credentials_do_not_renew_the_quota_of_a_user() {
    let mut world = World::bounded(Bounds {
        allocations_per_user: 1,
        ..Bounds::default()
    });
    Person::new("ada", 1).allocate(&mut world).unwrap();
    let renewed = Secret::new("north").mint("ada", START_UNIX_S + 7_200);
    let second = Person::with(renewed, 2).allocate(&mut world);
    assert_eq!(second, Err(code::ALLOCATION_QUOTA_REACHED));
}

#[test]
fn bandwidth_beyond_the_bound_is_dropped_in_both_directions() {
    let mut world = World::bounded(Bounds {
        bytes_per_second_per_user: 1_000,
        ..Bounds::default()
    });
    let mut ada = Person::new("ada", 1);
    ada.allocate(&mut world).unwrap();
    ada.permit(&mut world, PEER).unwrap();
    assert!(matches!(
        ada.send(&mut world, PEER, &[0; 600]),
        Done::ToPeer(..)
    ));
    assert_eq!(ada.send(&mut world, PEER, &[0; 600]), Done::Nothing);
    assert_eq!(world.peer(0, PEER, &[0; 600]), Done::Nothing);
    assert_eq!(world.refused(Refused::Bandwidth), 2);
    world.pass(Duration::from_secs(1));
    assert!(matches!(world.peer(0, PEER, &[0; 600]), Done::ToClient(..)));
}

#[test]
fn peers_of_one_allocation_are_bounded() {
    let mut world = World::new();
    let mut ada = Person::new("ada", 1);
    ada.allocate(&mut world).unwrap();
    for host in 0..64 {
        ada.permit(&mut world, &format!("8.8.4.{host}:1")).unwrap();
    }
    let one_more = ada.permit(&mut world, "8.8.8.8:1");
    assert_eq!(one_more, Err(code::INSUFFICIENT_CAPACITY));
    world.pass(PERMISSION);
    ada.permit(&mut world, "8.8.8.8:1").unwrap();
}

#[test]
fn no_port_and_no_longer_open_are_told() {
    let mut world = World::new();
    world.ports.is_full = true;
    let none = Person::new("ada", 1).allocate(&mut world);
    assert_eq!(none, Err(code::INSUFFICIENT_CAPACITY));
    assert!(world.turn.users.is_empty());
    world.ports.is_full = false;
    Person::new("ada", 1).allocate(&mut world).unwrap();
    world.turn.close();
    let late = Person::new("grace", 2).allocate(&mut world);
    assert_eq!(late, Err(code::INSUFFICIENT_CAPACITY));
}

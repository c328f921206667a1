/// What a path is, for metrics and headers. Everything else is told apart by the router; this is
/// known before it, and for what the router refuses too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    Rooms,
    Room,
    ValidateRoom,
    Tokens,
    Config,
    OpenApi,
    OtherApi,
    Whip,
    Whep,
    Health,
    Live,
    Ready,
    WebSocket,
    Docs,
    Static,
}

impl Route {
    pub const ALL: [Self; 15] = [
        Self::Rooms,
        Self::Room,
        Self::ValidateRoom,
        Self::Tokens,
        Self::Config,
        Self::OpenApi,
        Self::OtherApi,
        Self::Whip,
        Self::Whep,
        Self::Health,
        Self::Live,
        Self::Ready,
        Self::WebSocket,
        Self::Docs,
        Self::Static,
    ];

    pub fn of(path: &str) -> Self {
        match path {
            "/api/rooms" => Self::Rooms,
            "/api/config" => Self::Config,
            "/api/openapi.json" => Self::OpenApi,
            "/health" => Self::Health,
            "/livez" => Self::Live,
            "/readyz" => Self::Ready,
            "/ws" => Self::WebSocket,
            "/docs" => Self::Docs,
            _ if path.starts_with("/whip/") => Self::Whip,
            _ if path.starts_with("/whep/") => Self::Whep,
            _ => match path.strip_prefix("/api/") {
                None if path == "/api" => Self::OtherApi,
                None => Self::Static,
                Some(path) => match path.strip_prefix("rooms/") {
                    Some(room) if room.ends_with("/validate") => Self::ValidateRoom,
                    Some(room) if room.ends_with("/tokens") => Self::Tokens,
                    Some(room) if !room.contains('/') => Self::Room,
                    _ => Self::OtherApi,
                },
            },
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rooms => "/api/rooms",
            Self::Room => "/api/rooms/{room_id}",
            Self::ValidateRoom => "/api/rooms/{room_id}/validate",
            Self::Tokens => "/api/rooms/{room_id}/tokens",
            Self::Config => "/api/config",
            Self::OpenApi => "/api/openapi.json",
            Self::OtherApi => "/api/*",
            Self::Whip => "/whip/*",
            Self::Whep => "/whep/*",
            Self::Health => "/health",
            Self::Live => "/livez",
            Self::Ready => "/readyz",
            Self::WebSocket => "/ws",
            Self::Docs => "/docs",
            Self::Static => "static",
        }
    }

    /// Part of the API: other origins may use it, answers are never cached.
    pub const fn is_api(self) -> bool {
        !matches!(self, Self::Docs | Self::Static)
    }

    /// Asked by machines that watch the server, however often they like.
    pub const fn is_health(self) -> bool {
        matches!(self, Self::Health | Self::Live | Self::Ready)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_fall_into_their_routes() {
        for (path, route) in [
            ("/api/rooms", Route::Rooms),
            ("/api/rooms/ABC12345", Route::Room),
            ("/api/rooms/ABC12345/validate", Route::ValidateRoom),
            ("/api/rooms/ABC12345/tokens", Route::Tokens),
            ("/api/rooms/a/b", Route::OtherApi),
            ("/whip/ABC12345", Route::Whip),
            ("/whep/ABC12345/streams/a", Route::Whep),
            ("/whip", Route::Static),
            ("/api", Route::OtherApi),
            ("/api/", Route::OtherApi),
            ("/", Route::Static),
            ("/apis", Route::Static),
            ("/r/ABC12345", Route::Static),
            ("/ws", Route::WebSocket),
        ] {
            assert_eq!(Route::of(path), route, "{path}");
        }
    }

    #[test]
    fn order_of_the_list_is_that_of_the_declaration() {
        for (index, route) in Route::ALL.into_iter().enumerate() {
            assert_eq!(route as usize, index);
        }
    }
}

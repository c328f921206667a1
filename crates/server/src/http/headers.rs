//! Headers that every answer, or every page, carries.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

/// For what is no page: should a browser show it as one, it does nothing.
const NO_PAGE_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// A call needs these, and nothing else.
const PERMISSIONS: HeaderValue = HeaderValue::from_static(
    "autoplay=(self), camera=(self), display-capture=(self), fullscreen=(self), \
     microphone=(self), picture-in-picture=(self), screen-wake-lock=(self), \
     speaker-selection=(self), accelerometer=(), browsing-topics=(), geolocation=(), \
     gyroscope=(), magnetometer=(), midi=(), payment=(), publickey-credentials-get=(), usb=(), \
     xr-spatial-tracking=()",
);

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// A year, in seconds.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Puts on what the handler has not decided itself.
pub fn complete(headers: &mut HeaderMap, hsts: bool) {
    let mut default = |name: HeaderName, value: HeaderValue| {
        headers.entry(name).or_insert(value);
    };
    default(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    // Room codes are in addresses.
    default(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    default(header::CONTENT_SECURITY_POLICY, NO_PAGE_POLICY);
    // Files say themselves how long they last.
    default(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if hsts {
        default(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
}

/// For a page: what it may load, and use of the device.
pub fn put_page_headers(headers: &mut HeaderMap, policy: &HeaderValue) {
    headers.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
    headers.insert(PERMISSIONS_POLICY, PERMISSIONS);
    let opener = HeaderName::from_static("cross-origin-opener-policy");
    headers.insert(opener, HeaderValue::from_static("same-origin"));
}

//! Whoever is refused hears of it at once: librdkafka by itself would go on trying, on the side.

use std::error::Error as AnyError;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rdkafka::client::OAuthToken;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode as Code};
use rdkafka::message::BorrowedMessage;
use rdkafka::ClientContext;

use crate::error::{Error, Result};

/// How librdkafka begins to say that it got no token.
const NO_TOKEN: &str = "Failed to acquire";
/// How it says that nobody whom we trust vouches for a broker.
const UNVOUCHED: &str = "certificate verify failed";
/// librdkafka asks for another token this long after it got none, and connects again sooner.
const HOLDS: Duration = Duration::from_secs(11);
pub(crate) const POLL: Duration = Duration::from_millis(100);
/// How long a first attempt may take; each further one takes twice as long.
const TURN: Duration = Duration::from_millis(500);
const LATE: Duration = Duration::from_secs(20);

/// A consumer that hears when it is refused.
pub(crate) type Reader = BaseConsumer<Denial>;

/// An OAuth token; it prints without its value.
#[derive(Clone)]
pub struct Token {
    pub value: String,
    /// Whose it is, for librdkafka's own words.
    pub principal: String,
    /// When it ends, in milliseconds since 1970.
    pub expires_ms: i64,
}

impl fmt::Debug for Token {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "Token of {} until {}", self.principal, self.expires_ms)
    }
}

/// Gives a token whenever one is needed.
pub type Tokens = Arc<dyn Fn() -> std::result::Result<Token, Box<dyn AnyError>> + Send + Sync>;

/// Who you are: librdkafka's options, such as `sasl.mechanism`, and where OAuth tokens come from.
///
/// With `inbox`, everything goes to the inbox of your name: all that a node outside may write to.
#[derive(Clone, Default)]
pub struct Access<'a> {
    pub kafka: &'a [(&'a str, &'a str)],
    pub tokens: Option<Tokens>,
    pub inbox: bool,
}

/// What a connection hears of its credentials.
///
/// Once let in, a token that could not be renewed is not the end: there is time to try again.
#[derive(Default)]
pub(crate) struct Denial {
    heard: Mutex<Heard>,
    tokens: Option<Tokens>,
}

#[derive(Default)]
struct Heard {
    said: String,
    at: Option<Instant>,
    news: bool,
    let_in: bool,
}

impl Denial {
    pub(crate) fn new(tokens: Option<Tokens>) -> Self {
        Self { heard: Mutex::default(), tokens }
    }

    /// Know that something was answered.
    pub(crate) fn let_in(&self) {
        let mut heard = self.heard.lock().expect("never poisoned");
        (heard.let_in, heard.at) = (true, None);
    }

    /// What was said, if there was a refusal and nothing else since.
    pub(crate) fn said(&self) -> Option<String> {
        let heard = self.heard.lock().expect("never poisoned");
        heard.at.filter(|at| at.elapsed() < HOLDS).map(|_| heard.said.clone())
    }

    /// Whether there is a refusal that nobody was told of.
    pub(crate) fn news(&self) -> bool {
        std::mem::take(&mut self.heard.lock().expect("never poisoned").news)
    }

    /// Tell it again to whoever came later.
    pub(crate) fn remind(&self) {
        let holds = self.said().is_some();
        self.heard.lock().expect("never poisoned").news |= holds;
    }

    /// Return Denied if there was a refusal.
    pub(crate) fn check(&self) -> Result<()> {
        self.said().map_or(Ok(()), |said| Err(Error::Denied(said)))
    }
}

impl ClientContext for Denial {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn error(&self, error: KafkaError, reason: &str) {
        let mut heard = self.heard.lock().expect("never poisoned");
        let refused = refuses(&error) || reason.contains(UNVOUCHED);
        if refused && !(heard.let_in && reason.starts_with(NO_TOKEN)) {
            (heard.said, heard.at, heard.news) = (reason.into(), Some(Instant::now()), true);
        }
    }

    fn generate_oauth_token(
        &self,
        _: Option<&str>,
    ) -> std::result::Result<OAuthToken, Box<dyn AnyError>> {
        let Token { value, principal, expires_ms } =
            self.tokens.as_ref().ok_or("no tokens were given")?()?;
        Ok(OAuthToken { token: value, principal_name: principal, lifetime_ms: expires_ms })
    }
}

impl ConsumerContext for Denial {}

/// Whether an error says no to credentials, or to what they may do.
pub(crate) fn refuses(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            Code::Authentication
                | Code::SaslAuthenticationFailed
                | Code::UnsupportedSASLMechanism
                | Code::TopicAuthorizationFailed
                | Code::GroupAuthorizationFailed
                | Code::ClusterAuthorizationFailed
        )
    )
}

/// Whether librdkafka goes on trying by itself; of a refusal its context hears.
fn passes(error: &KafkaError) -> bool {
    use Code::{
        AllBrokersDown, Authentication, BrokerTransportFailure, OperationTimedOut, PollExceeded,
        Resolve,
    };
    matches!(
        error.rdkafka_error_code(),
        Some(
            AllBrokersDown
                | Authentication
                | BrokerTransportFailure
                | OperationTimedOut
                | PollExceeded
                | Resolve
        )
    )
}

/// Return what comes within a moment, none if that is nothing to speak of.
pub(crate) fn poll(reader: &Reader) -> Result<Option<BorrowedMessage<'_>>> {
    let polled = reader.poll(POLL);
    reader.context().check()?;
    match polled {
        Some(Ok(message)) => {
            reader.context().let_in();
            Ok(Some(message))
        }
        Some(Err(error)) if !passes(&error) => Err(away(&error, "could not read")),
        _ => Ok(None),
    }
}

/// Ask again and again, ever longer, listening meanwhile for a refusal.
pub(crate) fn ask<T>(
    reader: &Reader,
    question: impl Fn(Duration) -> KafkaResult<T>,
    what: &str,
) -> Result<T> {
    let (mut turn, deadline) = (TURN, Instant::now() + LATE);
    loop {
        reader.poll(Duration::ZERO);
        reader.context().check()?;
        match question(turn) {
            Ok(answer) => return Ok(answer),
            Err(error) if passes(&error) && Instant::now() < deadline => turn *= 2,
            Err(error) => return Err(away(&error, &format!("could not look at {what}"))),
        }
    }
}

/// Return Denied if that is what an error says, else Unreachable.
pub(crate) fn away(error: &KafkaError, what: &str) -> Error {
    let kind = if refuses(error) { Error::Denied } else { Error::Unreachable };
    kind(format!("{what}: {error}"))
}

//! The thread that answers what takes microseconds to look up: what many clients ask is looked up
//! on one snapshot of the store, so that opening it and waking the thread are paid for once.

use std::collections::HashMap;
use std::thread::JoinHandle;
use std::{io, iter};

use port_registry::{Allocation, AllocationId, Answer, Port, Registry, Request, Verdict};

use crate::api_error::ApiError;
use crate::delivery::{Delivery, Parcel};
use crate::queue::{Asker, Jobs, Queue};

/// The way to the thread.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    queue: Queue<Question>,
}

/// Something that a client wants to know.
#[derive(Debug)]
enum Question {
    Allocation(AllocationId, Asker<Option<Allocation>>),
    Port(Port, Asker<(Option<Allocation>, Verdict)>),
}

/// How many questions are answered together at most, so that the first one does not wait for long.
const MOST_TOGETHER: usize = 64;

impl Reader {
    pub(crate) fn start(
        registry: Registry,
        delivery: Delivery,
    ) -> io::Result<(Reader, JoinHandle<()>)> {
        let (queue, thread) = Queue::start("reader", move |questions| {
            answer_all(&registry, &questions, &delivery);
        })?;
        Ok((Reader { queue }, thread))
    }

    /// The allocation of this number.
    pub(crate) async fn allocation(
        &self,
        id: AllocationId,
    ) -> Result<Option<Allocation>, ApiError> {
        let question = |client| Question::Allocation(id, client);
        self.queue.ask(question).await
    }

    /// Who holds the port, and what the system says of it.
    pub(crate) async fn port(&self, port: Port) -> Result<(Option<Allocation>, Verdict), ApiError> {
        let question = |client| Question::Port(port, client);
        self.queue.ask(question).await
    }
}

fn answer_all(registry: &Registry, questions: &Jobs<Question>, delivery: &Delivery) {
    while let Some(first) = questions.next() {
        let together = iter::once(first).chain(questions.waiting());
        let together: Vec<_> = together.take(MOST_TOGETHER).collect();
        let requests: Vec<_> = together.iter().map(Question::request).collect();
        // What one of them comes upon is not to fail the others.
        let found = look(registry, &requests).unwrap_or_else(|_| {
            let alone = requests.chunks(1).map(|request| look(registry, request));
            let found = alone.map(|found| found.unwrap_or_else(|error| vec![Err(error)]));
            found.flatten().collect()
        });
        let mut system = System::new(registry);
        let answers = iter::zip(together, found);
        let answers = answers.map(|(question, found)| question.answer(&mut system, found));
        delivery.send(answers.collect());
    }
}

type Found = Result<Option<Allocation>, ApiError>;

fn look(registry: &Registry, requests: &[Request]) -> Result<Vec<Found>, ApiError> {
    let answers = registry.look(requests)?.into_iter().map(|answer| {
        let found = answer.transpose().map_err(ApiError::from)?;
        Ok(found.and_then(Answer::into_allocation))
    });
    Ok(answers.collect())
}

/// What the system says of ports, asked once for each that several want to know of at one moment.
struct System<'a> {
    registry: &'a Registry,
    said: HashMap<Port, Result<Verdict, ApiError>>,
}

impl System<'_> {
    fn new(registry: &Registry) -> System<'_> {
        System {
            registry,
            said: HashMap::new(),
        }
    }

    fn verdict(&mut self, port: Port) -> Result<Verdict, ApiError> {
        let said = self.said.entry(port);
        let said = said.or_insert_with(|| self.registry.probe(port).map_err(ApiError::from));
        said.clone()
    }
}

impl Question {
    /// What of it the store can answer.
    fn request(&self) -> Request {
        match self {
            Question::Allocation(id, _) => Request::Find(*id),
            Question::Port(port, _) => Request::FindHolder(*port),
        }
    }

    /// The answer, of what the store said and what the system says.
    fn answer(self, system: &mut System, found: Found) -> Parcel {
        match self {
            Question::Allocation(_, client) => Parcel::new(client, found),
            Question::Port(port, client) => {
                let answer = found.and_then(|holder| Ok((holder, system.verdict(port)?)));
                Parcel::new(client, answer)
            }
        }
    }
}

//! Who asks: what a door knows of whoever stands before it.

use crate::{Event, error::AppError, reach::region_of};
use gewu_domain::{
    area::Areas,
    case::Case,
    ids::{AreaCode, CaseId, ClientId, PersonId, RegionId, SessionId, UnitCode},
    people::{Actor, Post, Role, permission},
};
use gewu_store::{cases::CaseFilter, tasks::InboxFilter};

/// Somebody at a door, with what they may see.
#[derive(Debug, Clone)]
pub struct Caller {
    pub identity: Identity,
    /// The network address, cut to /24 or /48, for the audit record.
    pub origin: String,
}

#[derive(Debug, Clone)]
pub enum Identity {
    /// A member of staff acting in one of their posts.
    Staff { person: PersonId, session: Option<SessionId>, post: Post },
    /// Signed in, but holding no post now: may see their own account.
    Postless { person: PersonId, session: Option<SessionId> },
    /// Another system.
    Client {
        client: ClientId,
        scopes: Vec<String>,
        /// The area it is limited to; `None` for the whole city.
        area: Option<AreaCode>,
    },
    /// The holder of the receipt of this case.
    Reporter { case: CaseId },
    /// Anybody.
    Public,
    /// Gewu itself: timers, and the operator at the command line.
    System,
}

impl Caller {
    pub fn system() -> Caller {
        Caller { identity: Identity::System, origin: "local".to_owned() }
    }

    pub fn public(origin: impl Into<String>) -> Caller {
        Caller { identity: Identity::Public, origin: origin.into() }
    }

    pub fn actor(&self) -> Actor {
        match &self.identity {
            Identity::Staff { post, .. } => Actor::of(post),
            Identity::Client { client, .. } => Actor::Client { client: *client },
            Identity::Reporter { .. } | Identity::Public | Identity::Postless { .. } => Actor::Reporter,
            Identity::System => Actor::System,
        }
    }

    /// Who pays for what asking costs: the person, the key, or a stranger's neighbourhood; `None` for the house itself.
    pub fn payer(&self) -> Option<String> {
        match &self.identity {
            Identity::Staff { person, .. } | Identity::Postless { person, .. } => Some(person.to_string()),
            Identity::Client { client, .. } => Some(client.to_string()),
            Identity::Reporter { .. } | Identity::Public => Some(self.origin.clone()),
            Identity::System => None,
        }
    }

    pub fn person(&self) -> Option<PersonId> {
        match &self.identity {
            Identity::Staff { person, .. } | Identity::Postless { person, .. } => Some(*person),
            _ => None,
        }
    }

    pub fn session(&self) -> Option<SessionId> {
        match &self.identity {
            Identity::Staff { session, .. } | Identity::Postless { session, .. } => *session,
            _ => None,
        }
    }

    pub fn client(&self) -> Option<ClientId> {
        match &self.identity {
            Identity::Client { client, .. } => Some(*client),
            _ => None,
        }
    }

    pub fn post(&self) -> Option<&Post> {
        match &self.identity {
            Identity::Staff { post, .. } => Some(post),
            _ => None,
        }
    }

    /// The area of the post or key; `None` where there is no limit, or nothing to limit.
    pub fn area(&self) -> Option<&AreaCode> {
        match &self.identity {
            Identity::Staff { post, .. } => Some(&post.area),
            Identity::Client { area, .. } => area.as_ref(),
            Identity::Postless { .. } | Identity::Reporter { .. } | Identity::Public | Identity::System => None,
        }
    }

    pub fn role(&self) -> Option<Role> {
        self.post().map(|post| post.role)
    }

    /// The post, or the reason why there is none.
    ///
    /// # Errors
    /// [`AppError::SignedOut`] for anybody who is not staff, [`AppError::Forbidden`] for staff without a post.
    pub fn staff(&self) -> Result<&Post, AppError> {
        match &self.identity {
            Identity::Staff { post, .. } => Ok(post),
            Identity::Postless { .. } => Err(AppError::Forbidden("you hold no post at the moment")),
            _ => Err(AppError::SignedOut),
        }
    }

    /// By role alone; over what is another question: [`App::reach`](crate::App::reach).
    ///
    /// # Errors
    /// [`AppError::Forbidden`] unless the post is an administrator's (or Gewu itself asks).
    pub fn administrator(&self) -> Result<(), AppError> {
        match &self.identity {
            Identity::System => Ok(()),
            Identity::Client { scopes, .. } if scopes.iter().any(|scope| scope == "admin") => Ok(()),
            _ => match self.staff()?.role {
                Role::Administrator => Ok(()),
                _ => Err(AppError::Forbidden("only an administrator may do this")),
            },
        }
    }

    /// # Errors
    /// [`AppError::Forbidden`] when the key was not given for this.
    pub fn scope(&self, wanted: &str) -> Result<(), AppError> {
        match &self.identity {
            Identity::Client { scopes, .. } if scopes.iter().any(|scope| scope == wanted) => Ok(()),
            Identity::Client { .. } => Err(AppError::Forbidden("the API key was not given for this")),
            _ => Err(AppError::SignedOut),
        }
    }

    /// May this caller open this case?
    ///
    /// Units see the cases they have or had a part in; collectors, acceptors, chiefs, dispatchers and supervisors
    /// those of their area; administrators, assessors and auditors none.
    pub fn sees(&self, case: &Case, areas: &Areas) -> bool {
        match &self.identity {
            Identity::System => true,
            Identity::Reporter { case: own } => *own == case.id,
            Identity::Client { area, .. } => {
                self.scope("read").is_ok() && area.as_ref().is_none_or(|own| permission::sees(own, case, areas))
            }
            Identity::Staff { post, .. } => {
                let in_region = post.region.is_none_or(|region| region == case.region);
                in_region
                    && match post.role {
                        Role::Handler => case.units().any(|unit| *unit == post.unit),
                        Role::Administrator | Role::Assessor | Role::Auditor => false,
                        _ => permission::sees(&post.area, case, areas),
                    }
            }
            Identity::Postless { .. } | Identity::Public => false,
        }
    }

    /// May this caller hear of this change? The same rule as [`Caller::sees`], from what the live stream carries.
    pub fn hears(&self, event: &Event, areas: &Areas) -> bool {
        match &self.identity {
            Identity::System => true,
            Identity::Reporter { case: own } => *own == event.case,
            Identity::Client { area, .. } => {
                self.scope("read").is_ok() && area.as_ref().is_none_or(|own| lies_in(own, &event.path, areas))
            }
            Identity::Staff { post, .. } => {
                let in_region = post.region.is_none_or(|region| region == event.region);
                in_region
                    && match post.role {
                        Role::Handler => event.units.contains(&post.unit),
                        Role::Administrator | Role::Assessor | Role::Auditor => false,
                        _ => lies_in(&post.area, &event.path, areas),
                    }
            }
            Identity::Postless { .. } | Identity::Public => false,
        }
    }

    /// Narrows a listing to what the caller may see.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] for posts that see no cases; [`AppError::SignedOut`] for the public.
    pub fn narrow(&self, filter: &mut CaseFilter, region: RegionId, areas: &Areas) -> Result<(), AppError> {
        match &self.identity {
            Identity::System => Ok(()),
            Identity::Client { area, .. } => {
                self.scope("read")?;
                if let Some(own) = area {
                    if region_of(own, areas).is_some_and(|own| own != region) {
                        return Err(AppError::NotFound);
                    }
                    filter.area = narrower(filter.area.take(), own, areas)?;
                }
                Ok(())
            }
            _ => {
                let post = self.staff()?;
                if post.region.is_some_and(|own| own != region) {
                    return Err(AppError::NotFound);
                }
                match post.role {
                    Role::Handler => {
                        filter.unit = Some(post.unit.clone());
                        Ok(())
                    }
                    Role::Administrator | Role::Assessor | Role::Auditor => {
                        Err(AppError::Forbidden("this post sees no cases"))
                    }
                    _ => {
                        filter.area = narrower(filter.area.take(), &post.area, areas)?;
                        Ok(())
                    }
                }
            }
        }
    }

    /// The inbox of the caller's desk.
    ///
    /// # Errors
    /// [`AppError::SignedOut`] or [`AppError::Forbidden`] when the caller has no desk.
    pub fn inbox(&self, areas: &Areas) -> Result<InboxFilter, AppError> {
        let post = self.staff()?;
        let area = (post.role != Role::Handler && !areas.is_whole(&post.area)).then(|| post.area.clone());
        Ok(InboxFilter { role: post.role, unit: post.unit.clone(), area, kinds: Vec::new() })
    }

    pub fn unit(&self) -> Option<&UnitCode> {
        self.post().map(|post| &post.unit)
    }
}

/// Of a wanted area and the area of a post, the narrower; nothing when the post covers everything and nothing is wanted.
fn narrower(wanted: Option<AreaCode>, own: &AreaCode, areas: &Areas) -> Result<Option<AreaCode>, AppError> {
    match wanted {
        Some(wanted) if areas.is_whole(own) || areas.is_within(&wanted, own) => Ok(Some(wanted)),
        Some(_) => Err(AppError::NotFound),
        None if areas.is_whole(own) => Ok(None),
        None => Ok(Some(own.clone())),
    }
}

fn lies_in(own: &AreaCode, path: &[AreaCode], areas: &Areas) -> bool {
    areas.is_whole(own) || path.contains(own)
}

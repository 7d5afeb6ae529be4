package world

import (
	"fmt"

	"github.com/insightpulseai/odoo-plane-bridge/internal/storm/story"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// ownSource marks work items that are people's own.
const ownSource = "people"

// pair is the external pair of a record's work item.
func (s *servers) pair(handle string) (source, id string) {
	switch task, isTask := s.tasks[handle]; {
	case isTask:
		return mapping.ExternalSource, fmt.Sprintf("%s,%d", taskModel, task)
	case s.returns[handle] != 0:
		return mapping.ExternalSource, deadlineModel + "," + handle
	default:
		return ownSource, handle
	}
}

// item is the work item of a record; nil while there is none.
func (s *servers) item(handle string) *planetest.Item {
	for _, item := range s.plane.ItemsByExternalID(s.pair(handle)) {
		if !item.Deleted {
			return &item
		}
	}
	return nil
}

func (s *servers) inPlane(act story.Act) Done {
	if act.Kind == story.CreateItem {
		_, err := s.plane.CreateItem(act.Actor, planetest.NewItem{
			ProjectID: s.plane.ProjectIDs()[projectIndex(act.Second)], Name: act.Value, ExternalSource: ownSource, ExternalID: act.Record,
		})
		return did(err)
	}
	item := s.item(act.Record)
	if item == nil {
		return Done{}
	}
	switch act.Kind {
	case story.Comment:
		id, err := s.plane.Comment(act.Actor, item.ID, act.Value)
		s.comments[act.Value] = id
		return did(err)
	case story.EditComment:
		return did(s.plane.EditComment(act.Actor, s.comments[act.Second], act.Value))
	default:
		return did(s.edit(act, item.ID))
	}
}

func projectIndex(project string) int {
	if project == "task" {
		return 1
	}
	return 0
}

func did(err error) Done {
	if err != nil {
		return Done{Error: err.Error()}
	}
	return Done{Done: true}
}

func (s *servers) edit(act story.Act, id string) error {
	switch act.Kind {
	case story.Rename:
		return s.plane.RenameItem(act.Actor, id, act.Value)
	case story.Describe:
		return s.plane.DescribeItem(act.Actor, id, act.Value)
	case story.SetDue:
		return s.plane.SetTargetDate(act.Actor, id, act.Value)
	case story.DragTimeline:
		return s.plane.SetDatesInTimeline(id, "", act.Value)
	case story.Prioritise:
		return s.plane.SetPriority(act.Actor, id, act.Value)
	case story.Move:
		return s.plane.MoveItem(act.Actor, id, act.Value)
	case story.Label:
		return s.plane.AddLabel(act.Actor, id, act.Value)
	case story.Unlabel:
		return s.plane.RemoveLabel(act.Actor, id, act.Value)
	case story.Assign:
		return s.plane.Assign(act.Actor, id, act.Value)
	case story.Delete:
		return s.plane.Delete(act.Actor, id)
	case story.Archive:
		return s.plane.Archive(act.Actor, id)
	case story.Unarchive:
		return s.plane.Unarchive(act.Actor, id)
	default:
		return fmt.Errorf("people do not know how to %s", act.Kind)
	}
}
